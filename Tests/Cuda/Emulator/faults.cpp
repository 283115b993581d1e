// Mistakes of kernels become errors of their launch: the block is abandoned where it stands.
#include "memory.h"
#include "settings.h"
#include "worker.h"
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <sys/mman.h>
#include <ucontext.h>

namespace cc {

void fail(int code, const char* format, ...) {
    Worker& w = *worker;
    Fault& fault = w.fault;
    fault.code = code;
    const Index3 &b = w.block.index, &t = current->index;
    int used = snprintf(fault.message, sizeof fault.message,
                        "kernel %s, block (%u,%u,%u), thread (%u,%u,%u): ", w.launch->kernel->name,
                        b.x, b.y, b.z, t.x, t.y, t.z);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fault.message + used, sizeof fault.message - used, format, arguments);
    va_end(arguments);
    fprintf(stderr, "cpucuda: %s\n", fault.message);
    if (race::checking || settings::number("abort", 0))
        abort();
    w.leave(w.home);
}

namespace {

/// The worker of an OS thread, for the signal handler: in a thread that has never run a kernel it
/// must not touch thread-local variables, which might have to be allocated.
pthread_key_t ownWorker;

thread_local char faultText[160];
thread_local int faultCode;
struct sigaction previous[64];

[[noreturn]] void afterSignal() { fail(faultCode, "%s", faultText); }

/// A fault inside a kernel continues in `afterSignal`, on a stack that is surely whole; any other
/// goes to whoever handled the signal before.
void onSignal(int number, siginfo_t* info, void* context) {
    auto* faulting = static_cast<Worker*>(pthread_getspecific(ownWorker));
    if (faulting && worker && current) {
        auto* machine = static_cast<ucontext_t*>(context);
        char* stack = current->stack;
        auto address = static_cast<char*>(info->si_addr);
        faultCode = 700;
        if (number == SIGFPE)
            faultCode = 719, snprintf(faultText, sizeof faultText, "integer division by zero");
        else if (info->si_code == SI_KERNEL)
            faultCode = 716, snprintf(faultText, sizeof faultText, "misaligned vector access");
        else if (stack && address >= stack - guardBytes && address < stack)
            snprintf(faultText, sizeof faultText, "stack overflow");
        else
            memory::describe(address, faultText, sizeof faultText);
        if (!worker->emergency)
            worker->emergency = static_cast<char*>(mmap(nullptr, stackBytes, PROT_READ | PROT_WRITE,
                                                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        machine->uc_mcontext.gregs[REG_RIP] = reinterpret_cast<greg_t>(afterSignal);
        machine->uc_mcontext.gregs[REG_RSP] =
            reinterpret_cast<greg_t>(worker->emergency + stackBytes - 8);
        return;
    }
    struct sigaction& old = previous[number];
    if (old.sa_flags & SA_SIGINFO)
        old.sa_sigaction(number, info, context);
    else if (old.sa_handler == SIG_DFL || old.sa_handler == SIG_IGN)
        signal(number, SIG_DFL); // the instruction runs again and ends the process
    else
        old.sa_handler(number);
}

/// A stack for signal handlers: without it the overflow of a fiber's stack could not be handled.
void prepareForSignals() {
    stack_t present;
    sigaltstack(nullptr, &present);
    if (!(present.ss_flags & SS_DISABLE))
        return;
    stack_t own = {};
    own.ss_size = 64 * 1024;
    own.ss_sp = malloc(own.ss_size);
    sigaltstack(&own, nullptr);
}

} // namespace

void prepareForFaults(Worker* own) {
    pthread_setspecific(ownWorker, own);
    prepareForSignals();
}

void catchSignals() {
    static std::once_flag once;
    std::call_once(once, [] {
        pthread_key_create(&ownWorker, nullptr);
        if (race::checking)
            return;
        for (int number : {SIGSEGV, SIGBUS, SIGFPE}) {
            struct sigaction action;
            sigaction(number, nullptr, &previous[number]);
            action = previous[number];
            action.sa_sigaction = onSignal;
            action.sa_flags |= SA_SIGINFO | SA_ONSTACK;
            sigaction(number, &action, nullptr);
        }
    });
}

} // namespace cc
