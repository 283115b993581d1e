#include "recorder.h"

namespace recorder {

void beforeLaunch(const cc::Launch&) {}
void afterLaunch(const cc::Launch&) {}

} // namespace recorder
