// Names and lines of one module's addresses, kept on disk by its build-id.
#ifndef THREADFAULT_DIAGNOSE_PLACE_CACHE_HPP
#define THREADFAULT_DIAGNOSE_PLACE_CACHE_HPP

#include "diagnose/symbolizer.hpp"

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace threadfault::diagnose {

// The GNU build-id (hexadecimal) of the module that is mapped at `base`; "" without one. Read from
// the process's memory: the file may have been replaced since.
std::string build_id_at(pid_t pid, std::uint64_t base);

// A file a module, one line an address: tab-separated fields. What can't be read or written is no
// error: the cache only saves time. Debug packages that are installed later are seen when the cache
// is a day old.
class PlaceCache {
public:
    explicit PlaceCache(const std::string& build_id);
    bool find(std::uint64_t offset, std::vector<SourceLine>* lines) const;
    void add(std::uint64_t offset, const std::vector<SourceLine>& lines);
    // Where something was added: writes all anew, and puts it in the place of the old file.
    void save() const;

private:
    std::string path_;  // "" when there is no directory for it
    std::unordered_map<std::uint64_t, std::vector<SourceLine>> known_;
    bool changed_ = false;
};

}  // namespace threadfault::diagnose

#endif  // THREADFAULT_DIAGNOSE_PLACE_CACHE_HPP
