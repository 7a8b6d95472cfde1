#include "support/target.hpp"

namespace threadfault::test {
namespace {

std::vector<std::string> under_shim(const std::vector<std::string>& argv) {
    std::vector<std::string> command = cli_command({"run", "--"});
    command.insert(command.end(), argv.begin(), argv.end());
    return command;
}

}  // namespace

Target::Target(const std::vector<std::string>& argv, const SpawnOptions& options, Way way)
    : way_(way), process_(way == Way::shim ? under_shim(argv) : argv, options) {}

bool Target::ready() {
    if (way_ == Way::attach) return command("attach").exit_code == 0;
    return eventually([this] {
               if (!process_.running()) return true;
               const CliResult result = command("ps");
               return result.exit_code == 0 && result.json.is_object() &&
                      result.json.value("agent", false);
           }) &&
           process_.running();
}

CliResult Target::command(const std::string& command, std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--json", command, pid_text()});
    return run_cli(arguments);
}

std::vector<std::string> Target::thread_names() const {
    std::vector<std::string> names;
    const CliResult result = command("ps");
    if (!result.json.is_object()) return names;
    for (const auto& thread : result.json.value("threads", nlohmann::json::array())) {
        names.push_back(thread.value("name", ""));
    }
    return names;
}

std::string Target::ask(const std::string& line, const std::string& answer) {
    process_.write(line + "\n");
    return process_.read_until(answer.empty() ? line : answer).value_or("(no answer)");
}

}  // namespace threadfault::test
