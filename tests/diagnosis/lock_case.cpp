#include "lock_case.hpp"

#include <algorithm>
#include <fstream>

namespace threadfault::test {
namespace {

using Json = nlohmann::json;

std::string text_or_empty(const Json& json) {
    return json.is_string() ? json.get<std::string>() : std::string();
}

Names names_of(pid_t pid, const Json& tids) {
    Names names;
    for (const pid_t tid : tids.get<std::vector<pid_t>>())
        names.push_back(task_name(pid, tid));
    std::sort(names.begin(), names.end());
    return names;
}

SeenLock read_lock(pid_t pid, const Json& json) {
    SeenLock lock;
    lock.kind = json.at("kind");
    lock.symbol = text_or_empty(json.at("symbol"));
    const Json& owner = json.at("owner");
    lock.owned = owner.is_object();
    if (lock.owned) {
        // A stream's lock doesn't tell the number of a dead owner.
        lock.owner = owner.at("tid").is_null() ? 0 : owner.at("tid").get<pid_t>();
        lock.owner_name = text_or_empty(owner.at("name"));
        lock.owner_alive = owner.at("alive");
        lock.fate = text_or_empty(owner.at("fate"));
    }
    lock.waiters = names_of(pid, json.at("waiters"));
    lock.orphaned = json.at("orphaned");
    lock.stuck_behind = names_of(pid, json.at("stuck_behind"));
    if (lock.owned && !owner.at("pid").is_null()) lock.owner_pid = owner.at("pid");
    lock.others = json.at("others").get<std::vector<pid_t>>();
    lock.note = text_or_empty(json.at("note"));
    if (!lock.note.empty()) lock.note_code = json.at("grounds").at(0).at("code");
    lock.dead_waiter = json.at("dead_waiter");
    return lock;
}

Names command_line(const Names& situation, Shim shim, Names line) {
    const Names program =
        shim == Shim::yes ? cli_command({"run", "--", LOCK_TARGET}) : Names{LOCK_TARGET};
    line.insert(line.end(), program.begin(), program.end());
    line.insert(line.end(), situation.begin(), situation.end());
    return line;
}

// Of whichever of its threads. 0: it has none.
pid_t only_child(pid_t parent) {
    pid_t child = 0;
    for (const pid_t tid : tasks(parent)) {
        std::ifstream children("/proc/" + std::to_string(parent) + "/task/" + std::to_string(tid) +
                               "/children");
        children >> child;
        if (child != 0) break;
    }
    return child;
}

}  // namespace

std::optional<SeenLock> Graph::awaited_by(const std::string& name) const {
    for (const SeenLock& lock : locks) {
        if (std::count(lock.waiters.begin(), lock.waiters.end(), name) > 0) return lock;
    }
    return std::nullopt;
}

bool Graph::has_orphans() const {
    return std::any_of(locks.begin(), locks.end(),
                       [](const SeenLock& lock) { return lock.orphaned; });
}

Scene::Scene(const Names& situation, Shim shim, const Names& tracer)
    : process_(command_line(situation, shim, tracer)),
      shim_(shim),
      traced_(!tracer.empty()),
      pid_(process_.pid()) {}

bool Scene::stands() {
    if (process_.read_until("ready") != "ready") return false;
    if (traced_) pid_ = only_child(process_.pid());
    // The main thread goes to sleep after it has said so: that would count as movement.
    if (!eventually([this] { return task_state(pid(), pid()) == 'S'; })) return false;
    return shim_ == Shim::no || eventually([this] {
               const CliResult result = command("ps");
               return result.json.is_object() && result.json.value("agent", false);
           });
}

bool Scene::look_at_child() {
    const pid_t child = only_child(pid_);
    if (child == 0) return false;
    pid_ = child;
    return eventually([this] { return task_state(pid(), pid()) == 'S'; });
}

CliResult Scene::command(const std::string& name, Names arguments) const {
    arguments.insert(arguments.begin(), {"--json", name, std::to_string(pid())});
    return run_cli(arguments);
}

Graph Scene::locks() const {
    const CliResult result = command("locks");
    Graph graph;
    graph.text = result.out + result.err;
    EXPECT_EQ(result.exit_code, 0) << result;
    if (result.exit_code != 0) return graph;
    for (const Json& lock : result.json.at("locks"))
        graph.locks.push_back(read_lock(pid(), lock));
    for (const Json& cycle : result.json.at("cycles")) {
        graph.cycles.push_back(names_of(pid(), cycle));
        EXPECT_EQ(cycle.front(), *std::min_element(cycle.begin(), cycle.end())) << graph;
    }
    return graph;
}

Graph Scene::locks_with(const std::string& waiter) const {
    Graph graph;
    eventually([&] {
        graph = locks();
        return graph.awaited_by(waiter).has_value();
    });
    return graph;
}

std::ostream& operator<<(std::ostream& stream, const Graph& graph) {
    return stream << graph.text;
}

}  // namespace threadfault::test
