// Writes launches to a file from which racecheck runs them again (setting `record`).
#pragma once
#include "machine.h"

namespace recorder {

void beforeLaunch(const cc::Launch& launch);
void afterLaunch(const cc::Launch& launch);

} // namespace recorder
