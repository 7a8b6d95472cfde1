// Objects and the files that they are loaded from.
#ifndef OBJECT_LOADER_OBJECT_HPP
#define OBJECT_LOADER_OBJECT_HPP

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace object_loader {

using Id = std::uint32_t;

struct Object {
    Id id = 0;
    std::uint64_t value = 0;
    std::vector<Id> needs;  // other objects; never in a circle
};

std::string file_of(const std::string& directory, Id id);
// Null: there is no such file, or it is none of ours.
std::unique_ptr<Object> read_object(const std::string& directory, Id id);

// A tree of `count` objects: each needs the two below it.
void write_sample(const std::string& directory, Id count);
bool is_sample(const Object& object, Id id, Id count);

}  // namespace object_loader

#endif  // OBJECT_LOADER_OBJECT_HPP
