#include "object.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <system_error>

namespace object_loader {
namespace {

constexpr std::size_t kLongestFile = 4096;

std::uint64_t sample_value(Id id) {
    return (id + 1) * 0x9e3779b97f4a7c15;
}

std::vector<Id> sample_needs(Id id, Id count) {
    std::vector<Id> needs;
    for (const Id child : {2 * id + 1, 2 * id + 2})
        if (child < count) needs.push_back(child);
    return needs;
}

}  // namespace

std::string file_of(const std::string& directory, Id id) {
    return directory + "/" + std::to_string(id) + ".object";
}

std::unique_ptr<Object> read_object(const std::string& directory, Id id) {
    const int fd = open(file_of(directory, id).c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return nullptr;
    char text[kLongestFile + 1];
    const ssize_t length = read(fd, text, kLongestFile);
    close(fd);
    if (length <= 0) return nullptr;
    text[length] = '\0';
    auto object = std::make_unique<Object>();
    char* next = text;
    object->id = static_cast<Id>(std::strtoul(next, &next, 10));
    object->value = std::strtoull(next, &next, 16);
    while (true) {
        char* end = nullptr;
        const unsigned long need = std::strtoul(next, &end, 10);
        if (end == next) break;
        object->needs.push_back(static_cast<Id>(need));
        next = end;
    }
    return object->id == id ? std::move(object) : nullptr;
}

void write_sample(const std::string& directory, Id count) {
    for (Id id = 0; id < count; ++id) {
        std::ofstream file(file_of(directory, id));
        file << id << ' ' << std::hex << sample_value(id) << std::dec;
        for (const Id need : sample_needs(id, count))
            file << ' ' << need;
        file << '\n';
        if (!file.flush())
            throw std::system_error(errno, std::generic_category(), file_of(directory, id));
    }
}

bool is_sample(const Object& object, Id id, Id count) {
    return object.id == id && object.value == sample_value(id) &&
           object.needs == sample_needs(id, count);
}

}  // namespace object_loader
