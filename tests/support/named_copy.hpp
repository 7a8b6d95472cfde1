// A copy of a program under a name that no other test runs.
#ifndef THREADFAULT_TESTS_SUPPORT_NAMED_COPY_HPP
#define THREADFAULT_TESTS_SUPPORT_NAMED_COPY_HPP

#include <unistd.h>

#include <filesystem>
#include <string>

namespace threadfault::test {

class NamedCopy {
public:
    NamedCopy(const std::string& program, const std::string& name)
        : path_(std::filesystem::temp_directory_path() / (name + std::to_string(getpid()))) {
        std::filesystem::copy_file(program, path_,
                                   std::filesystem::copy_options::overwrite_existing);
    }
    ~NamedCopy() { std::filesystem::remove(path_); }
    NamedCopy(const NamedCopy&) = delete;
    NamedCopy& operator=(const NamedCopy&) = delete;
    std::string path() const { return path_; }
    std::string file() const { return path_.filename(); }

private:
    std::filesystem::path path_;
};

}  // namespace threadfault::test

#endif  // THREADFAULT_TESTS_SUPPORT_NAMED_COPY_HPP
