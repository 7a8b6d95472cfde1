// threadfault completion: prints the completion script for a shell.
#include "base/suggest.hpp"
#include "cli11.hpp"
#include "commands/commands.hpp"
#include "commands/completion_scripts.hpp"
#include "format/format.hpp"
#include "render/text.hpp"
#include "threadfault/error.hpp"

#include <unistd.h>

#include <memory>

namespace threadfault::cli {
namespace {

constexpr const char* kCompletionExamples =
    "Examples:\n"
    "  eval \"$(threadfault completion bash)\"                         in ~/.bashrc\n"
    "  threadfault completion zsh > \"${fpath[1]}/_threadfault\"\n"
    "  threadfault completion fish > ~/.config/fish/completions/threadfault.fish\n";

int run_completion(const std::string& shell) {
    static constexpr std::string_view kShells[] = {"bash", "zsh", "fish"};
    const char* script = nullptr;
    if (shell == "bash") script = kBashScript;
    if (shell == "zsh") script = kZshScript;
    if (shell == "fish") script = kFishScript;
    if (script == nullptr) {
        const std::string_view near = base::nearest(shell, kShells);
        throw Error(ErrorCode::usage, formatted("no completion script for shell \"{}\"", shell),
                    near.empty() ? "one of bash, zsh, fish" : formatted("did you mean {}?", near));
    }
    print_out(script);
    return 0;
}

}  // namespace

void setup_completion(CLI::App& app, Invocation& invocation) {
    const auto shell = std::make_shared<std::string>();
    app.add_option("SHELL", *shell, "bash, zsh or fish")->required()->type_name("");
    app.footer(kCompletionExamples);
    invocation.action = [shell] { return run_completion(*shell); };
}

}  // namespace threadfault::cli
