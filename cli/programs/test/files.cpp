#include "programs/test/files.hpp"

#include "format/format.hpp"
#include "threadfault/error.hpp"

#include <glob.h>

#include <algorithm>
#include <filesystem>
#include <set>

namespace threadfault::scenario {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> files_below(const std::string& directory) {
    std::vector<std::string> files;
    std::error_code error;
    fs::recursive_directory_iterator entry(directory, error);
    for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
        if (entry->path().filename().native().starts_with('.')) {
            entry.disable_recursion_pending();
            continue;
        }
        std::error_code ignored;
        if (entry->path().extension() == ".toml" && entry->is_regular_file(ignored))
            files.push_back(entry->path().string());
    }
    if (error) {
        throw Error(ErrorCode::no_such_file,
                    formatted("{} can't be read: {}", directory, error.message()));
    }
    std::sort(files.begin(), files.end());
    return files;
}

std::vector<std::string> files_matching(const std::string& pattern) {
    std::vector<std::string> files;
    glob_t found{};
    if (glob(pattern.c_str(), 0, nullptr, &found) == 0)
        files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    globfree(&found);
    return files;
}

}  // namespace

std::vector<std::string> files_of(const std::vector<std::string>& words) {
    std::vector<std::string> files;
    std::set<std::string> known;
    const auto add = [&](const std::string& file) {
        if (known.insert(file).second) files.push_back(file);
    };
    const auto add_directory = [&](const std::string& directory) {
        const std::vector<std::string> below = files_below(directory);
        if (below.empty()) {
            throw Error(ErrorCode::no_such_file,
                        formatted("{}: no *.toml file in it or below", directory));
        }
        for (const std::string& file : below)
            add(file);
    };
    for (const std::string& word : words) {
        std::error_code ignored;
        if (fs::is_directory(word, ignored)) {
            add_directory(word);
        } else if (word.find_first_of("*?[") != std::string::npos && !fs::exists(word, ignored)) {
            const std::vector<std::string> matching = files_matching(word);
            if (matching.empty())
                throw Error(ErrorCode::no_such_file, formatted("{}: no file matches", word));
            for (const std::string& one : matching) {
                if (fs::is_directory(one, ignored)) {
                    add_directory(one);
                } else {
                    add(one);
                }
            }
        } else {
            // What is wrong with it is told when it is read.
            add(word);
        }
    }
    return files;
}

}  // namespace threadfault::scenario
