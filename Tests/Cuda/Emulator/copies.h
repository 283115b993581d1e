// cp.async: the destination is poison until the wait that the copy is due at, the latest moment the
// device may take; a missing wait, or a buffer written too early, shows in the result.
#pragma once
#include "machine.h"

inline void cp_async16(void* shared, const void* global) {
    cc::copyLater(shared, global);
    auto to = static_cast<volatile uint32_t*>(shared);
    for (int i = 0; i < 4; i++)
        to[i] = 0xCDCDCDCDu;
}

inline void cp_commit() { cc::commitCopies(); }

template <int groupsLeft> inline void cp_wait() {
    cc::CopyRequest due;
    while (cc::takeCopy(groupsLeft, due)) {
        auto to = static_cast<volatile uint32_t*>(due.to);
        auto from = static_cast<const volatile uint32_t*>(due.from);
        for (int i = 0; i < 4; i++)
            to[i] = from[i];
    }
}
