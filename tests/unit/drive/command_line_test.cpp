// The command line as users and scripts meet it: exit codes, messages, JSON. Nothing here needs an
// agent; what does is tested with real targets.
#include "command_line.hpp"

#include "command.hpp"
#include "render/text.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

namespace {

using nlohmann::json;
using threadfault::cli::commands;
using threadfault::cli::run_command_line;

// What is written to a descriptor of this process, for as long as the object lives.
class Capture {
public:
    explicit Capture(int descriptor)
        : descriptor_(descriptor),
          saved_(dup(descriptor)),
          file_(memfd_create("capture", MFD_CLOEXEC)) {
        if (saved_ < 0 || file_ < 0 || dup2(file_, descriptor_) < 0) {
            throw std::system_error(errno, std::system_category(), "capture");
        }
    }
    ~Capture() {
        dup2(saved_, descriptor_);
        close(saved_);
        close(file_);
    }
    Capture(const Capture&) = delete;
    Capture& operator=(const Capture&) = delete;

    std::string text() const {
        std::string text(static_cast<std::size_t>(lseek(file_, 0, SEEK_END)), '\0');
        if (pread(file_, text.data(), text.size(), 0) < 0) text.clear();
        return text;
    }

private:
    int descriptor_;
    int saved_;
    int file_;
};

struct Ran {
    int status = -1;
    std::string out;
    std::string err;
};

// What --shim takes where no shim is needed: any shared library.
std::string some_library() {
    Dl_info info{};
    return dladdr(reinterpret_cast<void*>(&getenv), &info) != 0 ? info.dli_fname : "";
}

Ran run(std::vector<std::string> words) {
    words.insert(words.begin(), "threadfault");
    std::vector<char*> argv;
    for (std::string& word : words)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    const Capture out(STDOUT_FILENO);
    const Capture err(STDERR_FILENO);
    Ran ran;
    ran.status = run_command_line(static_cast<int>(words.size()), argv.data());
    ran.out = out.text();
    ran.err = err.text();
    return ran;
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

// A pid that the kernel never gives (PID_MAX_LIMIT is 4,194,304).
const std::string kNoPid = "4194304";

TEST(CommandLine, VersionAndHelp) {
    Ran ran = run({"--version"});
    EXPECT_EQ(ran.status, 0);
    EXPECT_TRUE(ran.out.starts_with("threadfault ")) << ran.out;
    EXPECT_EQ(run({"ps", "--version"}).out, ran.out);
    ran = run({"--help"});
    EXPECT_EQ(ran.status, 0);
    for (const auto& command : commands()) {
        EXPECT_EQ(contains(ran.out, command.name), !command.hidden) << command.name;
    }
}

TEST(CommandLine, EveryCommandHasHelp) {
    for (const auto& command : commands()) {
        if (command.hidden) continue;
        for (const char* flag : {"-h", "--help"}) {
            const Ran ran = run({std::string(command.name), flag});
            EXPECT_EQ(ran.status, 0) << command.name;
            EXPECT_TRUE(contains(ran.out, "threadfault " + std::string(command.name)))
                << command.name;
            EXPECT_EQ(ran.err, "") << command.name;
        }
    }
}

// What fits into a terminal of the usual width; the bytes of one character count once.
TEST(CommandLine, HelpHasAtMost80Columns) {
    std::vector<std::vector<std::string>> all = {{"--help"}};
    for (const auto& command : commands()) {
        if (!command.hidden) all.push_back({std::string(command.name), "--help"});
    }
    for (const auto& words : all) {
        std::istringstream help(run(words).out);
        for (std::string line; std::getline(help, line);) {
            EXPECT_LE(threadfault::cli::display_width(line), 80U) << words.front() << ": " << line;
        }
    }
}

TEST(CommandLine, NothingIsAUsageError) {
    const Ran ran = run({});
    EXPECT_EQ(ran.status, 2);
    EXPECT_EQ(ran.out, "");
    EXPECT_TRUE(contains(ran.err, "--help")) << ran.err;
}

struct Mistake {
    std::vector<std::string> words;
    const char* part;  // of the message
};

TEST(CommandLine, MistakesAreUsageErrorsThatHelp) {
    const Mistake mistakes[] = {
        {{"kil", "1", "2"}, "did you mean kill?"},
        {{"bananas"}, "unknown command \"bananas\""},
        {{"--jsn"}, "--jsn"},
        {{"kill"}, "PID"},
        {{"kill", "1"}, "THREAD"},
        {{"kill", "1", "2", "3"}, "unexpected argument \"3\""},
        {{"kill", "1", "2", "--hwo", "exit"}, "did you mean --how?"},
        {{"kill", "1", "2", "--how", "exti"}, "did you mean exit?"},
        {{"kill", "1", "2", "--wait", "soon"}, "\"soon\" is not a duration"},
        {{"kill", "1", "2", "--wait", "-1s"}, "--wait"},
        {{"kill", "1", "2", "--all", "--first"}, "are mutually exclusive"},
        {{"kill", "1", "2", "--random=x"}, "--random=x"},
        {{"kill", "x", "2"}, "\"x\" is not a process ID"},
        {{"kill", "-1", "2"}, "-1"},
        {{"kill", "1", "name="}, "name= has no value"},
        {{"signal", "1", "2"}, "SIG"},
        {{"signal", "1", "2", "TREM"}, "did you mean TERM?"},
        {{"signal", "1", "2", "32"}, "reserved by glibc"},
        {{"signal", "1", "2", "USR1", "--value", "x"}, "--value"},
        {{"ps", "x"}, "\"x\" is not a process ID"},
        {{"ps", "--color", "sometimes"}, "invalid --color \"sometimes\""},
        {{"ps", "--color=alwys"}, "did you mean always?"},
        {{"run"}, "missing program"},
        {{"run", "--"}, "missing program"},
        {{"run", "--shim", "/etc/passwd", "--", "true"}, "not a shared library"},
        {{"completion", "tcsh"}, "tcsh"},
        {{"slow", "1", "2"}, "--to"},
    };
    for (const Mistake& mistake : mistakes) {
        const Ran ran = run(mistake.words);
        EXPECT_EQ(ran.status, 2) << ran.err;
        EXPECT_TRUE(contains(ran.err, mistake.part)) << ran.err << "  lacks: " << mistake.part;
        EXPECT_EQ(ran.out, "") << ran.err;
    }
}

TEST(CommandLine, NoSuchProcess) {
    for (const std::string& pid : {kNoPid, std::string("0"), std::string("99999999999999999999")}) {
        EXPECT_EQ(run({"ps", pid}).status, 3) << pid;
        EXPECT_EQ(run({"kill", pid, "main"}).status, 3) << pid;
        EXPECT_EQ(run({"doctor", pid}).status, 3) << pid;
    }
}

TEST(CommandLine, ProcessWithoutAgent) {
    const std::string self = std::to_string(getpid());
    const Ran ran = run({"kill", self, "main"});
    EXPECT_EQ(ran.status, 4);
    EXPECT_TRUE(contains(ran.err, "threadfault run")) << ran.err;
    EXPECT_EQ(run({"doctor", self}).status, 4);
    EXPECT_EQ(run({"ps", self}).status, 0);  // looking needs no agent
}

TEST(CommandLine, ProgramsThatCantBeStarted) {
    const std::string shim = "--shim=" + some_library();
    EXPECT_EQ(run({"run", shim, "--", "/nonexistent/program"}).status, 127);
    EXPECT_EQ(run({"run", shim, "--", "/etc/passwd"}).status, 126);
    EXPECT_EQ(run({"run", shim, "/etc/passwd"}).status, 126);
}

// Exit codes and the place of the error are the same with --json.
TEST(CommandLine, JsonErrorsAreOneLineOnStderr) {
    const std::pair<std::vector<std::string>, std::pair<int, std::string>> cases[] = {
        {{"kill", kNoPid, "main", "--json"}, {3, "no_such_process"}},
        {{"--json", "kill", kNoPid, "main"}, {3, "no_such_process"}},
        {{"--json", "kil"}, {2, "usage"}},
        {{"kill", "1", "name=", "--json"}, {2, "bad_selector"}},
        {{"kill", "--json", std::to_string(getpid()), "main"}, {4, "no_agent"}},
        {{"run", "--json", "--shim", some_library(), "--", "/nonexistent/program"},
         {127, "not_found"}},
    };
    for (const auto& [words, expected] : cases) {
        const Ran ran = run(words);
        EXPECT_EQ(ran.status, expected.first) << ran.err;
        EXPECT_EQ(ran.out, "");
        EXPECT_EQ(ran.err.find('\n'), ran.err.size() - 1) << ran.err;
        const json error = json::parse(ran.err, nullptr, false);
        ASSERT_FALSE(error.is_discarded()) << ran.err;
        EXPECT_EQ(error["error"]["code"], expected.second) << ran.err;
        EXPECT_TRUE(error["error"]["message"].is_string());
        EXPECT_TRUE(error["error"].contains("hint"));
    }
}

TEST(CommandLine, OptionsStandBeforeAndAfterTheCommand) {
    const std::string self = std::to_string(getpid());
    for (const auto& words : {std::vector<std::string>{"--json", "ps", self},
                              std::vector<std::string>{"ps", "--json", self},
                              std::vector<std::string>{"ps", self, "--json"},
                              std::vector<std::string>{"--color", "never", "ps", self, "--json"}}) {
        const Ran ran = run(words);
        EXPECT_EQ(ran.status, 0) << ran.err;
        const json report = json::parse(ran.out, nullptr, false);
        ASSERT_FALSE(report.is_discarded()) << ran.out;
        EXPECT_EQ(report["pid"], getpid());
        EXPECT_EQ(report["agent"], false);
    }
}

// What belongs to the program of `run` is not ours to read.
TEST(CommandLine, JsonBehindTheDashesIsTheProgramsOwn) {
    const Ran ran = run({"run", "--shim", some_library(), "--", "/nonexistent/program", "--json"});
    EXPECT_EQ(ran.status, 127);
    EXPECT_TRUE(ran.err.starts_with("threadfault:")) << ran.err;
}

TEST(CommandLine, ColourIsAskedForOrForbidden) {
    const std::string self = std::to_string(getpid());
    EXPECT_TRUE(contains(run({"ps", self, "--color=always"}).out, "\033["));
    EXPECT_FALSE(contains(run({"ps", self, "--color=never"}).out, "\033["));
    EXPECT_FALSE(contains(run({"ps", self}).out, "\033["));  // no terminal
    EXPECT_TRUE(contains(run({"--color", "always", "kil"}).err, "\033["));
    EXPECT_FALSE(contains(run({"kil"}).err, "\033["));
}

// The words of a command end where its program begins, whichever options take the next word.
TEST(CommandLine, ValuesOfOptionsAreNotTheProgramOfRun) {
    const std::string shim = some_library();
    for (const auto& options : {std::vector<std::string>{"--log", "/dev/null"},
                                {"--on-start", "path=main/3:delay=1ms"},
                                {"--color", "never", "--no-follow"},
                                {"--color=never"}}) {
        std::vector<std::string> words{"run", "--shim", shim};
        words.insert(words.end(), options.begin(), options.end());
        words.insert(words.end(), {"/nonexistent/program", "--hwo"});
        const Ran ran = run(words);
        EXPECT_EQ(ran.status, 127) << ran.err;
        EXPECT_TRUE(contains(ran.err, "/nonexistent/program")) << ran.err;
    }
}

// Candidates for the last of the words, each with a line feed before and a tab behind it.
std::string completed(std::vector<std::string> words) {
    words.insert(words.begin(), "__complete");
    return "\n" + run(words).out;
}

TEST(Completion, KnowsWhatTheSelectorsParserKnows) {
    const std::string self = std::to_string(getpid());
    std::string out = completed({"kill", self, ""});
    for (const char* key : {"start", "path", "nth", "state", "waiting", "in", "holding"}) {
        EXPECT_TRUE(contains(out, "\n" + std::string(key) + "=\t")) << key << out;
    }
    out = completed({"kill", self, "state="});
    for (const char* state : {"R", "S", "D", "T", "t", "I"})
        EXPECT_TRUE(contains(out, "\nstate=" + std::string(state) + "\t")) << out;
    out = completed({"kill", self, "name=x,waiting="});
    for (const char* kind : {"mutex", "rwlock", "cond", "sem", "barrier", "join", "futex"})
        EXPECT_TRUE(contains(out, "\nname=x,waiting=" + std::string(kind) + "\t")) << out;
}

TEST(Completion, KnowsCallFaultsAndListsOfFaults) {
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"run", "--inject"}, {"inject", "1"}}) {
        const auto spec = [&](const char* typed) {
            std::vector<std::string> all = words;
            all.emplace_back(typed);
            return completed(all);
        };
        EXPECT_TRUE(contains(spec("pthread_mu"), "\npthread_mutex_lock:\t"));
        EXPECT_TRUE(contains(spec("read,wri"), "\nread,write:\t"));
        EXPECT_TRUE(contains(spec("pthread_create:"), "\npthread_create:error=EAGAIN\t"));
        EXPECT_FALSE(contains(spec("pthread_create:"), "EISDIR"));
        EXPECT_TRUE(contains(spec("read:after:k"), "\nread:after:kill=vanish\t"));
        EXPECT_TRUE(contains(spec("read:error=EIO:"), "\nread:error=EIO:when=\t"));
    }
    EXPECT_TRUE(
        contains(completed({"storm", "1", "--faults", "freeze=1s,"}), "\nfreeze=1s,kill=vanish\t"));
    EXPECT_TRUE(contains(completed({"sweep", "--how", "cancel,"}), "\ncancel,call-errors\t"));
    EXPECT_TRUE(contains(completed({"run", "--on-start", "name=w:"}), "\nname=w:kill=exit\t"));
    EXPECT_TRUE(contains(completed({"storm", "--threads", "waiting=m"}), "\nwaiting=mutex\t"));
}

TEST(Completion, KnowsTheHelpOfEachCommandAndColumns) {
    EXPECT_TRUE(contains(completed({""}), "\nhelp\t"));
    EXPECT_TRUE(contains(completed({"help", "ki"}), "\nkill\t"));
    EXPECT_EQ(completed({"help", "kill", ""}), "\n");
    EXPECT_TRUE(contains(completed({"top", "--sort", ""}), "\nholds\t"));
    EXPECT_EQ(completed({"report", ""}), "\nmerge\t\n");
}

TEST(Completion, TellsWhereTheProgramBegins) {
    EXPECT_EQ(completed({"run", ""}), "\n:program 2\t\n");
    EXPECT_EQ(completed({"run", "--seed", "7", ""}), "\n:program 4\t\n");
    EXPECT_EQ(completed({"run", "--inject", "read:error=EIO", "--on-start", "x:kill=exit", "ls",
                         "-l", "--in"}),
              "\n:program 6\t\n");
    EXPECT_EQ(completed({"--color", "never", "run", "--", "ls", ""}), "\n:program 5\t\n");
    EXPECT_EQ(completed({"storm", "--seed", "7", "--", "ls", ""}), "\n:program 5\t\n");
    EXPECT_TRUE(contains(completed({"run", "--in"}), "\n--inject\t"));
    EXPECT_FALSE(contains(completed({"run", "--inject", ""}), ":program"));
}

TEST(Completion, TellsWhereFilesAreMeant) {
    EXPECT_EQ(completed({"run", "--log", ""}), "\n:files\t\n");
    EXPECT_EQ(completed({"--shim", ""}), "\n:files\t\n");
    EXPECT_EQ(completed({"storm", "--replay", ""}), "\n:files\t\n");
    EXPECT_EQ(completed({"test", "a.toml", ""}), "\n:files\t\n");
    EXPECT_TRUE(contains(completed({"doctor", ""}), "\n:files\t"));
}

TEST(CommandLine, CompletionScriptsExist) {
    for (const char* shell : {"bash", "zsh", "fish"}) {
        const Ran ran = run({"completion", shell});
        EXPECT_EQ(ran.status, 0) << shell;
        EXPECT_TRUE(contains(ran.out, "__complete")) << shell;
    }
}

}  // namespace
