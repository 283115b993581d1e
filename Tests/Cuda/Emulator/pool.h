// The OS threads of the machine.
#pragma once

namespace cc {

/// Runs `body` on the caller and on so many other threads, and waits for all.
void runOnThreads(unsigned helpers, void (*body)(void*), void* state);

/// How many there are.
unsigned osThreads();

} // namespace cc
