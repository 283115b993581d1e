// What a test can set: by environment variable (CPUCUDA_NAME) before the library is loaded, or by
// cpucuda_set("name", "value") at any time, which wins.
//
//   init       result of cuInit (100: no device)                                             0
//   driver     driver version                                                                12080
//   devices    name|compute capability|total memory|free memory; next device; …  (sizes: K, M, G)
//   module     result of loading a module                                                    0
//   threads    OS threads that run blocks                                                    all
//   schedule   round-robin, reversed, warp-first, last-warp-first or random round-robin seed of
//   schedule random and streams random                                         1 streams    eager:
//   work runs when submitted; lazy: when someone waits for it, and no other work;
//              ahead: when someone waits, all other streams first; random                    eager
//   record     file that launches are written to for the race check
//   trace      1: every piece of work is printed to stderr
//   abort      1: a fault in a kernel aborts the process (for a debugger)
#pragma once
#include <cstddef>
#include <string>

namespace settings {

void set(const std::string& name, const std::string& value);
std::string text(const std::string& name, const std::string& otherwise);
long number(const std::string& name, long otherwise);

/// "141G" -> bytes.
size_t bytes(const std::string& text);

} // namespace settings
