/// Numbers in sentences.

#include "sextant/core/wording.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace sextant;

TEST_CASE("two numbers get the digits that tell them apart, and no more than eight") {
  CHECK(digits_apart(0.2, 0.3, 3) == 3);
  CHECK(digits_apart(1413.001, 1413.2, 3) == 5);  // 1413 and 1413.2
  CHECK(digits_apart(0.2, 0.19999, 3) == 6);
  CHECK(digits_apart(-1, 1, 4) == 4);
  CHECK(digits_apart(1, 1 + 1e-9, 3) == 3);  // nobody compares them
  CHECK(digits_apart(1, 1 + 1.5e-6, 3) == 7);
  CHECK(digits_apart(0, 0, 3) == 3);
  CHECK(digits_apart(1, std::numeric_limits<double>::infinity(), 3) == 3);
  CHECK(hardly_differ(0, 0));
  CHECK_FALSE(hardly_differ(0, 1e-300));
}

TEST_CASE("one of a thing and several") {
  CHECK(counted(1, "step") == "1 step");
  CHECK(counted(std::size_t{0}, "block") == "0 blocks");
  CHECK(counted(1, "query") == "1 query");
  CHECK(counted(2, "query") == "2 queries");
  CHECK(noun_for(2, "day") == "days");
}
