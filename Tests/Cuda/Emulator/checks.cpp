// What the compiler's checks in the kernels (-fsanitize=alignment,…) call when one fails: it
// becomes a fault of the launch that names file and line. The names and structures are those of GCC
// and Clang.
#include "machine.h"

namespace {

struct Place {
    const char* file;
    uint32_t line, column;
};

struct TypeMismatch {
    Place place;
    const void* type;
    unsigned char logAlignment, kind;
};

} // namespace

extern "C" {

[[noreturn]] void __ubsan_handle_type_mismatch_v1_abort(TypeMismatch* what, uintptr_t address) {
    cc::fail(716, "misaligned address: %#lx is no multiple of %u (%s:%u)", address,
             1u << what->logAlignment, what->place.file, what->place.line);
}

[[noreturn]] void __ubsan_handle_out_of_bounds_abort(Place* place, uintptr_t index) {
    cc::fail(700, "index %ld is outside of the array (%s:%u)", long(index), place->file,
             place->line);
}

[[noreturn]] void __ubsan_handle_shift_out_of_bounds_abort(Place* place, uintptr_t, uintptr_t by) {
    cc::fail(719, "shifts by %ld bits (%s:%u)", long(by), place->file, place->line);
}

[[noreturn]] void __ubsan_handle_divrem_overflow_abort(Place* place, uintptr_t, uintptr_t) {
    cc::fail(719, "integer division by zero (%s:%u)", place->file, place->line);
}

[[noreturn]] void __ubsan_handle_float_cast_overflow_abort(Place* place, uintptr_t) {
    cc::fail(719, "converts a number that the integer type cannot hold (%s:%u)", place->file,
             place->line);
}
}
