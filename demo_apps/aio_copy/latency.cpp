#include "latency.hpp"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <numeric>

namespace aio_copy {
namespace {

std::string human(std::uint64_t microseconds) {
    char text[32];
    if (microseconds < 1000)
        std::snprintf(text, sizeof text, "%llu us", static_cast<unsigned long long>(microseconds));
    else if (microseconds < 1'000'000)
        std::snprintf(text, sizeof text, "%.1f ms", static_cast<double>(microseconds) / 1e3);
    else
        std::snprintf(text, sizeof text, "%.1f s", static_cast<double>(microseconds) / 1e6);
    return text;
}

}  // namespace

void Latency::add(std::chrono::nanoseconds latency) {
    const auto microseconds = static_cast<std::uint64_t>(latency.count() / 1000);
    const auto bucket = static_cast<std::size_t>(std::bit_width(microseconds));
    ++buckets_[std::min(bucket, buckets_.size() - 1)];
}

void Latency::add(const Latency& other) {
    for (std::size_t i = 0; i < buckets_.size(); ++i)
        buckets_[i] += other.buckets_[i];
}

std::uint64_t Latency::count() const {
    return std::accumulate(buckets_.begin(), buckets_.end(), std::uint64_t{0});
}

std::string Latency::table(const std::string& title) const {
    std::string result = title + ", " + std::to_string(count()) + " requests\n";
    const auto filled = [](std::uint64_t n) { return n != 0; };
    const auto first = std::find_if(buckets_.begin(), buckets_.end(), filled);
    const auto last = std::find_if(buckets_.rbegin(), buckets_.rend(), filled).base();
    const std::uint64_t most = *std::max_element(buckets_.begin(), buckets_.end());
    for (auto bucket = first; bucket < last; ++bucket) {
        char line[80];
        std::snprintf(line, sizeof line, "  < %8s %8llu",
                      human(std::uint64_t{1} << (bucket - buckets_.begin())).c_str(),
                      static_cast<unsigned long long>(*bucket));
        result += line;
        if (*bucket > 0) result += "  ";
        result.append(static_cast<std::size_t>((*bucket * 40 + most - 1) / most), '#');
        result += '\n';
    }
    return result;
}

}  // namespace aio_copy
