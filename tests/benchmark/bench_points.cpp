// What a call costs under the points library with nothing armed, and under the basic shim, which is
// not in its way, against the bare call. Rounds alternate in one run.
// Prints "name<TAB>ratio<TAB>with<TAB>without<TAB>target", times in nanoseconds.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

constexpr int kKinds = 3;
using Times = std::array<double, kKinds>;

Times run(const std::string& shim, const std::string& program) {
    const std::string command = "env LD_PRELOAD='" + shim + "' '" + program + "'";
    Times times{};
    FILE* const pipe = popen(command.c_str(), "re");
    const bool read = pipe != nullptr &&
                      std::fscanf(pipe, "%lf %lf %lf", &times[0], &times[1], &times[2]) == kKinds;
    if (pipe == nullptr || pclose(pipe) != 0 || !read) {
        std::fprintf(stderr, "bench_points: %s failed\n", command.c_str());
        std::exit(1);
    }
    return times;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

struct Series {
    std::vector<double> with, without, ratios;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fputs("usage: bench_points POINTS_LIBRARY BASIC_SHIM TARGET\n", stderr);
        return 2;
    }
    constexpr std::array<const char*, kKinds> kNames{"mutex pair, one thread",
                                                     "mutex pair, two threads", "read of one byte"};
    const std::array<const char*, 2> shims{"points library, nothing armed", "basic shim"};
    std::array<std::array<Series, kKinds>, 2> all;
    for (int round = 0; round < 15; ++round) {
        const Times bare = run("", argv[3]);
        for (std::size_t shim = 0; shim < shims.size(); ++shim) {
            const Times times = run(argv[1 + shim], argv[3]);
            for (std::size_t kind = 0; kind < kKinds; ++kind) {
                Series& series = all[shim][kind];
                series.with.push_back(times[kind]);
                series.without.push_back(bare[kind]);
                series.ratios.push_back(times[kind] / bare[kind]);
            }
        }
    }
    for (std::size_t shim = 0; shim < shims.size(); ++shim) {
        for (std::size_t kind = 0; kind < kKinds; ++kind) {
            const Series& series = all[shim][kind];
            // The basic shim does not export the call (`nm -D`): anything but 1 is noise.
            std::printf("%s, %s, ns\t%.3f\t%.2f\t%.2f\t%s\n", kNames[kind], shims[shim],
                        median(series.ratios), median(series.with), median(series.without),
                        shim == 0 ? "<= 1.15" : "<= 1.05");
        }
    }
    return 0;
}
