#include "sextant/core/threads.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "sextant/core/errors.hpp"

namespace sextant {
namespace {

thread_local bool inside_body = false;

/// Waits a little for `ready`: parts of a model's pass follow each other faster than a thread
/// wakes.
template <class Ready>
void spin(const Ready& ready) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::microseconds(30);
  while (!ready() && Clock::now() < end) {
  }
}

/// Workers wait for a job; the calling thread takes part in it, so `workers` is threads - 1.
class Pool {
 public:
  explicit Pool(int workers) {
    for (int i = 0; i < workers; ++i) threads_.emplace_back([this] { work(); });
  }
  ~Pool() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    wake_.notify_all();
    for (auto& thread : threads_) thread.join();
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  int workers() const { return static_cast<int>(threads_.size()); }

  void run(std::ptrdiff_t count, const std::function<void(std::ptrdiff_t)>& body) {
    const std::lock_guard one_at_a_time(run_mutex_);
    {
      const std::lock_guard lock(mutex_);
      body_ = &body;
      count_ = count;
      next_ = 0;
      error_ = nullptr;
      error_index_ = count;
      active_ = workers();
      ++generation_;
    }
    wake_.notify_all();
    drain();
    spin([&] { return active_ == 0; });
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return active_ == 0; });
    body_ = nullptr;
    if (error_) std::rethrow_exception(error_);
  }

 private:
  void drain() {
    inside_body = true;
    for (;;) {
      std::ptrdiff_t index = 0;
      {
        const std::lock_guard lock(mutex_);
        if (next_ >= count_ || error_) break;
        index = next_++;
      }
      try {
        (*body_)(index);
      } catch (...) {
        const std::lock_guard lock(mutex_);
        if (index < error_index_) {
          error_index_ = index;
          error_ = std::current_exception();
        }
      }
    }
    inside_body = false;
  }

  void work() {
    std::size_t seen = 0;
    for (;;) {
      spin([&] { return generation_ != seen; });
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [&] { return stop_ || generation_ != seen; });
        if (stop_) return;
        seen = generation_;
      }
      drain();
      {
        const std::lock_guard lock(mutex_);
        --active_;
      }
      done_.notify_one();
    }
  }

  std::vector<std::thread> threads_;
  std::mutex run_mutex_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  const std::function<void(std::ptrdiff_t)>* body_ = nullptr;
  std::ptrdiff_t count_ = 0;
  std::ptrdiff_t next_ = 0;
  std::ptrdiff_t error_index_ = 0;
  std::exception_ptr error_;
  std::atomic<int> active_ = 0;
  std::atomic<std::size_t> generation_ = 0;
  bool stop_ = false;
};

int available_cores() { return std::max(1, static_cast<int>(std::thread::hardware_concurrency())); }

std::mutex setup_mutex;
int thread_count = 0;  // 0: not chosen yet
std::unique_ptr<Pool> pool;

}  // namespace

void set_threads(int count) {
  if (count < 0) throw ArgumentError("set_threads", "count", "is negative, expected 0 or more");
  const std::lock_guard lock(setup_mutex);
  thread_count = count == 0 ? available_cores() : count;
  pool.reset();
}

int threads() {
  const std::lock_guard lock(setup_mutex);
  if (thread_count == 0) thread_count = available_cores();
  return thread_count;
}

void parallel_for(std::ptrdiff_t count, const std::function<void(std::ptrdiff_t)>& body) {
  const int wanted = threads();
  if (count <= 1 || wanted == 1 || inside_body) {
    for (std::ptrdiff_t i = 0; i < count; ++i) body(i);
    return;
  }
  Pool* current = nullptr;
  {
    const std::lock_guard lock(setup_mutex);
    if (!pool || pool->workers() != wanted - 1) pool = std::make_unique<Pool>(wanted - 1);
    current = pool.get();
  }
  current->run(count, body);
}

}  // namespace sextant
