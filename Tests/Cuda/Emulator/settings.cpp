#include "settings.h"
#include <cctype>
#include <cstdlib>
#include <map>
#include <mutex>

namespace settings {

namespace {

std::mutex mutex;

std::map<std::string, std::string>& values() {
    static auto* all = new std::map<std::string, std::string>;
    return *all;
}

} // namespace

void set(const std::string& name, const std::string& value) {
    std::lock_guard<std::mutex> lock(mutex);
    values()[name] = value;
}

std::string text(const std::string& name, const std::string& otherwise) {
    std::lock_guard<std::mutex> lock(mutex);
    auto known = values().find(name);
    if (known == values().end()) {
        std::string variable = "CPUCUDA_";
        for (char c : name)
            variable += char(toupper(c));
        const char* set = getenv(variable.c_str());
        known = values().emplace(name, set ? set : "").first;
    }
    return known->second.empty() ? otherwise : known->second;
}

long number(const std::string& name, long otherwise) {
    std::string set = text(name, "");
    return set.empty() ? otherwise : atol(set.c_str());
}

size_t bytes(const std::string& text) {
    char* unit;
    double amount = strtod(text.c_str(), &unit);
    switch (toupper(*unit)) {
    case 'K':
        return size_t(amount * 1024);
    case 'M':
        return size_t(amount * 1024 * 1024);
    case 'G':
        return size_t(amount * 1024 * 1024 * 1024);
    default:
        return size_t(amount);
    }
}

} // namespace settings
