#include "drive/programs/find_helper.hpp"

#include "base/spawn.hpp"
#include "drive/programs/own_directory.hpp"
#include "format/format.hpp"
#include "threadfault/error.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace threadfault::drive {

std::string find_helper(std::string_view name) {
    const std::string here = own_directory();
    const std::string library = library_directory();
    const char* const given = std::getenv("THREADFAULT_LIBEXEC");
    const std::string places[] = {
        given != nullptr ? given : "", here,
        here + "/../libexec",          here + "/" + THREADFAULT_LIBEXEC_FROM_BIN,
        library + "/../../libexec",    library + "/" + THREADFAULT_LIBEXEC_FROM_LIB,
        THREADFAULT_LIBEXEC_DIRECTORY,
    };
    for (const std::string& place : places) {
        std::string path = formatted("{}/{}", place, name);
        if (!place.empty() && access(path.c_str(), X_OK) == 0) return path;
    }
    const std::string build = not_built_hint();
    throw Error(ErrorCode::no_helper, formatted("the program {} was not found", name),
                !build.empty() ? build
                               : formatted("it belongs in {}; reinstall threadfault, or set "
                                           "THREADFAULT_LIBEXEC to its directory",
                                           THREADFAULT_LIBEXEC_DIRECTORY));
}

std::string not_built_hint() {
    // As deep as the command, and as the helper programs, are in it.
    std::string build = own_directory();
    build = build.substr(0, build.rfind('/'));
    if (build.empty() || access((build + "/CMakeCache.txt").c_str(), F_OK) != 0) return {};
    return formatted(
        "this build tree has only a part of threadfault; cmake --build {} --target "
        "threadfault_all_commands builds the rest",
        build);
}

void become_helper(std::string_view name, const std::vector<std::string>& arguments) {
    const std::string path = find_helper(name);
    std::vector<std::string> command{std::string(name)};
    command.insert(command.end(), arguments.begin(), arguments.end());
    execv(path.c_str(), base::pointers_to(command).data());
    throw Error(ErrorCode::no_helper,
                formatted("{} can't be started: {}", path, std::strerror(errno)));
}

}  // namespace threadfault::drive
