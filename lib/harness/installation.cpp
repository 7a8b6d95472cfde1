#include "harness/installation.hpp"

#include "drive/programs/launch.hpp"
#include "drive/programs/own_directory.hpp"
#include "format/format.hpp"
#include "threadfault/error.hpp"

#include <unistd.h>

#include <cstdlib>
#include <sstream>

namespace threadfault::target {
namespace {

constexpr std::string_view kBasic = "libthreadfault_preload.so";
constexpr std::string_view kPoints = "libthreadfault_points.so";

std::string environment(const char* name) {
    const char* const value = std::getenv(name);
    return value != nullptr ? value : "";
}

}  // namespace

std::string find_shim(const std::string& given, bool points) {
    std::string path = given.empty() ? environment("THREADFAULT_SHIM") : given;
    if (given.empty() && points && path.ends_with(kBasic)) {
        path.replace(path.size() - kBasic.size(), kBasic.size(), kPoints);
    }
    if (!path.empty()) return drive::find_shim(path, points);
    const std::string here = drive::library_directory();
    for (const char* const place : {"/threadfault/", "/../../preload/"}) {
        path = formatted("{}{}{}", here, place, points ? kPoints : kBasic);
        if (access(path.c_str(), R_OK) == 0) return drive::find_shim(path, points);
    }
    return drive::find_shim("", points);
}

std::string find_command() {
    std::string path = environment("THREADFAULT_COMMAND");
    if (!path.empty()) return path;
    const std::string here = drive::library_directory();
    for (const char* const place : {"/" THREADFAULT_BIN_FROM_LIB "/", "/../../cli/", "/../cli/"}) {
        path = formatted("{}{}threadfault", here, place);
        if (access(path.c_str(), X_OK) == 0) return path;
    }
    std::istringstream directories(environment("PATH"));
    for (std::string directory; std::getline(directories, directory, ':');) {
        path = formatted("{}/threadfault", directory.empty() ? "." : directory);
        if (access(path.c_str(), X_OK) == 0) return path;
    }
    throw Error(ErrorCode::no_command, "the command threadfault was not found",
                "install threadfault, or set THREADFAULT_COMMAND to its path");
}

}  // namespace threadfault::target
