#include "pool.h"
#include "machine.h"
#include "settings.h"
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace cc {

namespace {

/// The OS threads, started once and waiting for work between the launches. Never destroyed: they
/// end with the process.
class Pool {
  public:
    /// Runs `body` on the caller and on up to `helpers` other threads, and waits for all.
    void run(unsigned helpers, void (*body)(void*), void* state) {
        if (!helpers)
            return body(state);
        std::unique_lock<std::mutex> lock(mutex);
        while (started < helpers) {
            std::thread([this] { serve(); }).detach();
            started++;
        }
        job = body;
        jobState = state;
        wanted = helpers;
        active = helpers;
        wake.notify_all();
        lock.unlock();
        body(state);
        lock.lock();
        idle.wait(lock, [this] { return active == 0; });
    }

  private:
    void serve() {
        std::unique_lock<std::mutex> lock(mutex);
        for (;;) {
            wake.wait(lock, [this] { return wanted > 0; });
            wanted--;
            auto body = job;
            void* state = jobState;
            lock.unlock();
            body(state);
            lock.lock();
            if (--active == 0)
                idle.notify_all();
        }
    }

    std::mutex mutex;
    std::condition_variable wake, idle;
    unsigned started = 0, wanted = 0, active = 0;
    void (*job)(void*) = nullptr;
    void* jobState = nullptr;
};

Pool& pool() {
    static Pool* only = new Pool;
    return *only;
}

} // namespace

void runOnThreads(unsigned helpers, void (*body)(void*), void* state) {
    pool().run(helpers, body, state);
}

unsigned osThreads() {
    unsigned set = settings::number("threads", 0);
    return set ? set : std::max(1u, std::thread::hardware_concurrency());
}

void parallel(uint64_t count, void (*body)(uint64_t, void*), void* state) {
    struct Job {
        uint64_t count;
        void (*body)(uint64_t, void*);
        void* state;
        std::atomic<uint64_t> next{0};
    } job{count, body, state};
    auto share = [](void* s) {
        Job& job = *static_cast<Job*>(s);
        for (uint64_t i; (i = job.next.fetch_add(1)) < job.count;)
            job.body(i, job.state);
    };
    runOnThreads(count ? std::min<uint64_t>(osThreads(), count) - 1 : 0, share, &job);
}

} // namespace cc
