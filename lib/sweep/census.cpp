#include "sweep/census.hpp"

#include "diagnose/symbolizer.hpp"
#include "format/format.hpp"
#include "observe/maps.hpp"
#include "observe/symbols.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>

namespace threadfault::sweep {
namespace {

using wire::PassagePoint;
using wire::PassageThread;

using PlaceKey = std::tuple<std::string, Call, std::uint64_t>;

PlaceKey key_of(const Point& point) {
    return {point.thread, point.call, point.stack};
}

// Below the program's own routine: what a language's library starts threads with.
bool is_scaffold(const std::string& function) {
    return function.empty() || function.starts_with("std::") ||
           function.starts_with("execute_native_thread_routine") || function == "start_thread" ||
           function.starts_with("__clone") || function.starts_with("clone") ||
           function.starts_with("__libc_start");
}

class Reader {
public:
    explicit Reader(const wire::Passages& passages)
        : passages_(passages),
          text_(passages.maps, std::min<std::size_t>(passages.maps_length, wire::kPassageMaps)),
          maps_(observe::parse_maps(text_)),
          names_(text_, maps_) {}

    Census read() {
        Census census;
        census.runs = 1;
        census.threads = passages_.thread_count.load();
        census.threads_lost = passages_.threads_lost.load();
        census.points_lost = passages_.points_lost.load();
        census.other_processes = passages_.other_processes.load();
        const std::uint32_t count =
            std::min<std::uint32_t>(passages_.point_count.load(), wire::kPassagePoints);
        for (std::uint32_t i = 0; i < count; ++i)
            note_site(passages_.points[i]);
        std::set<std::uint32_t> speaking;
        for (std::uint32_t i = 0; i < count; ++i) {
            const PassagePoint& raw = passages_.points[i];
            if (raw.thread >= wire::kPassageThreads || raw.call >= inject::kCallCount) continue;
            census.points.push_back(point_of(raw));
            if (census.points.back().call != Call::thread_start) speaking.insert(raw.thread);
        }
        const std::uint32_t threads =
            std::min<std::uint32_t>(passages_.thread_count.load(), wire::kPassageThreads);
        std::set<std::string> quiet;
        for (std::uint32_t i = 0; i < threads; ++i)
            if (!speaking.contains(i)) quiet.insert(start_of(i));
        census.quiet_threads.assign(quiet.begin(), quiet.end());
        std::sort(census.points.begin(), census.points.end(),
                  [](const Point& a, const Point& b) { return key_of(a) < key_of(b); });
        return census;
    }

private:
    const std::vector<Frame>& frames_at(std::uint64_t address) {
        auto [place, added] = frames_.try_emplace(address);
        if (!added) return place->second;
        const diagnose::CodePlace& code = names_.at(address);
        for (const diagnose::SourceLine& line : code.lines) {
            place->second.push_back({observe::without_parameters(line.function), line.file,
                                     line.line, code.module, code.offset});
        }
        return place->second;
    }

    std::vector<Frame> frames_of(const PassagePoint& raw) {
        std::vector<Frame> frames;
        for (std::uint32_t i = 0;
             i < std::min<std::uint32_t>(raw.frame_count, wire::kPassageFrames); ++i) {
            // The call, not what follows it.
            for (const Frame& frame : frames_at(raw.frames[i] - 1))
                frames.push_back(frame);
        }
        return frames;
    }

    void note_site(const PassagePoint& raw) {
        Point point;
        point.frames = frames_of(raw);
        sites_.try_emplace(raw.stack, point.site().text());
        // The shallowest stack shows best where the thread began.
        std::uint32_t& least = depths_.try_emplace(raw.thread, UINT32_MAX).first->second;
        if (raw.call == static_cast<std::uint32_t>(Call::thread_start)) return;
        if (raw.frame_count >= least) return;
        least = raw.frame_count;
        for (auto frame = point.frames.rbegin(); frame != point.frames.rend(); ++frame) {
            if (is_scaffold(frame->function)) continue;
            outermost_[raw.thread] = frame->function;
            break;
        }
    }

    std::string start_of(std::uint32_t number) {
        const PassageThread& thread = passages_.threads[number];
        if (thread.is_main != 0) return "main";
        std::string name;
        const std::vector<Frame>& frames = frames_at(thread.start);
        if (!frames.empty()) name = frames.back().function;
        if (is_scaffold(name)) {
            const auto known = outermost_.find(number);
            if (known != outermost_.end()) return known->second;
        }
        if (name.empty() && !frames.empty()) name = frames.back().location();
        return name;
    }

    std::string lock_name(const wire::HeldLock& lock) {
        const observe::Mapping* const mapping = maps_.find(lock.address);
        // A variable of a file lies in its data, or right behind it.
        if (mapping != nullptr && (mapping->path.empty() || mapping->path.front() == '/')) {
            std::string symbol = observe::demangle(names_.symbol_at(lock.address).c_str());
            if (!symbol.empty()) return symbol;
        }
        const auto site = sites_.find(lock.stack);
        return site != sites_.end() ? formatted("a lock taken in {}", site->second) : "a lock";
    }

    std::vector<Held> held_of(const wire::PassageContext& context) {
        std::vector<Held> held;
        for (std::uint32_t i = 0;
             i < std::min<std::uint32_t>(context.held_count, wire::kPassageHeld); ++i) {
            const wire::HeldLock& lock = context.held[i];
            held.push_back({lock_name(lock), lock.stack, lock.robust != 0});
        }
        return held;
    }

    Point point_of(const PassagePoint& raw) {
        const PassageThread& thread = passages_.threads[raw.thread];
        Point point;
        point.path.assign(thread.path,
                          thread.path + std::min<std::size_t>(thread.depth, wire::kMaxPathDepth));
        point.thread = "main";
        for (const std::uint32_t component : point.path)
            point.thread += formatted("/{}", component);
        point.is_main = thread.is_main != 0;
        point.start = start_of(raw.thread);
        point.call = static_cast<Call>(raw.call);
        point.stack = raw.stack;
        point.frames = frames_of(raw);
        point.count = raw.count;
        point.cancel_disabled = raw.cancel_disabled > 0;
        for (std::uint32_t i = 0;
             i < std::min<std::uint32_t>(raw.context_count, wire::kPassageContexts); ++i)
            point.samples.push_back({raw.contexts[i].first, held_of(raw.contexts[i]), true});
        for (std::uint32_t i = 0;
             i < std::min<std::uint32_t>(raw.follower_count, wire::kPassageFollowers); ++i) {
            const std::uint64_t first = raw.followers[i].first;
            const bool there =
                std::any_of(point.samples.begin(), point.samples.end(),
                            [&](const Sample& sample) { return sample.occurrence == first; });
            if (!there) point.samples.push_back({first, point.held(), false});
        }
        return point;
    }

    const wire::Passages& passages_;
    std::string text_;
    observe::Maps maps_;
    diagnose::Symbolizer names_;
    std::unordered_map<std::uint64_t, std::vector<Frame>> frames_;
    std::unordered_map<std::uint64_t, std::string> sites_;  // by the hash of a stack
    std::map<std::uint32_t, std::uint32_t> depths_;
    std::map<std::uint32_t, std::string> outermost_;
};

std::map<std::string, std::uint64_t> totals_of(const Census& census) {
    std::map<std::string, std::uint64_t> totals;
    for (const Point& point : census.points)
        totals[point.group()] = point.together;
    return totals;
}

}  // namespace

Census read_census(const wire::Passages& passages) {
    Census census = Reader(passages).read();
    std::map<std::string, std::uint64_t> totals;
    for (const Point& point : census.points)
        totals[point.group()] += point.count;
    for (Point& point : census.points)
        point.together = totals[point.group()];
    return census;
}

Census merged(const Census& one, const Census& other) {
    Census both = one;
    both.runs += other.runs;
    both.handles_signals |= other.handles_signals;
    both.threads = std::max(one.threads, other.threads);
    both.threads_lost = std::max(one.threads_lost, other.threads_lost);
    both.points_lost = std::max(one.points_lost, other.points_lost);
    both.other_processes = std::max(one.other_processes, other.other_processes);
    std::map<PlaceKey, const Point*> there;
    for (const Point& point : other.points)
        there[key_of(point)] = &point;
    const auto keep_first = [](Point& point) {
        point.samples.resize(std::min<std::size_t>(point.samples.size(), 1));
        point.count = 1;
        point.steady = false;
    };
    for (Point& point : both.points) {
        const auto twin = there.find(key_of(point));
        if (twin == there.end()) {
            keep_first(point);
            continue;
        }
        point.count = std::min(point.count, twin->second->count);
        point.cancel_disabled |= twin->second->cancel_disabled;
        std::erase_if(point.samples,
                      [&](const Sample& sample) { return sample.occurrence > point.count; });
        there.erase(twin);
    }
    for (const auto& [key, point] : there) {
        both.points.push_back(*point);
        keep_first(both.points.back());
    }
    std::map<std::string, std::uint64_t> of_one = totals_of(one);
    std::map<std::string, std::uint64_t> of_other = totals_of(other);
    for (Point& point : both.points)
        point.together = std::min(of_one[point.group()], of_other[point.group()]);
    std::sort(both.points.begin(), both.points.end(),
              [](const Point& a, const Point& b) { return key_of(a) < key_of(b); });
    return both;
}

}  // namespace threadfault::sweep
