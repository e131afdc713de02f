#pragma once

/// Errors and argument checks.
///
/// Three tiers. The caller's mistake throws: `ArgumentError` for a value passed to a library
/// function, `InputError` for something in a file, `UsageError` for a command line. A calculation
/// that cannot produce an answer throws `NumericalError`. Everything else a calculation has to say
/// (not converged, clipped mass, optimum on the edge) is a field of its result.

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace sextant {

/// Base of every error this library throws on purpose.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  /// Exit status of the command-line tool for this error.
  virtual int exit_status() const noexcept { return 3; }
};

/// Wrong command-line usage (exit status 2).
class UsageError : public Error {
 public:
  using Error::Error;
  int exit_status() const noexcept override { return 2; }
};

/// Something wrong in a file (exit status 3). The message reads
/// "<file>: <place>: <what was found and what was expected>".
class InputError : public Error {
 public:
  /// `place` may be empty when the whole file is meant, and `file` when no file holds the data.
  InputError(std::string_view file, std::string_view place, std::string_view expectation);
};

/// A wrong argument of a library function (exit status 3).
class ArgumentError : public Error {
 public:
  /// Message: "<function>: <argument> <problem>".
  ArgumentError(std::string_view function, std::string_view argument, std::string_view problem);
  const std::string& argument() const noexcept { return argument_; }
  const std::string& problem() const noexcept { return problem_; }

 private:
  std::string argument_;
  std::string problem_;
};

/// A calculation without an answer (exit status 4).
class NumericalError : public Error {
 public:
  using Error::Error;
  int exit_status() const noexcept override { return 4; }
};

/// Throws `ArgumentError` unless `value` is finite.
void check_finite(std::string_view function, std::string_view argument, double value);
/// Throws `ArgumentError`, naming the first offending index, unless every value is finite.
void check_finite(std::string_view function, std::string_view argument,
                  std::span<const double> values);
/// Throws `ArgumentError` unless `value` is finite and greater than zero.
void check_positive(std::string_view function, std::string_view argument, double value);
/// Throws `ArgumentError` unless `value` is finite and at least zero.
void check_not_negative(std::string_view function, std::string_view argument, double value);
/// Throws `ArgumentError` unless low < value < high.
void check_between(std::string_view function, std::string_view argument, double value, double low,
                   double high);
/// Throws `ArgumentError` unless `actual` equals `expected`.
void check_size(std::string_view function, std::string_view argument, std::size_t actual,
                std::size_t expected);

}  // namespace sextant
