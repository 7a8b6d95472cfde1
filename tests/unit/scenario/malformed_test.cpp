// What a bad file is told: the whole message, place and suggestion included.
#include "scenario/parse.hpp"
#include "threadfault/error.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

namespace {

using threadfault::scenario::parse_text;

struct Malformed {
    const char* label;
    std::string text;
    std::string message;  // behind "s.toml:"
};

// A file that is good but for one step.
std::string with_step(const std::string& step) {
    return "[target]\ncommand = [\"./server\"]\n"
           "[[probe]]\nname = \"ping\"\ntcp = { to = \"127.0.0.1:1\" }\n"
           "[[test]]\nname = \"t\"\nsteps = [\n" +
           step + "\n]\n";
}

std::string with_target(const std::string& lines) {
    return "[target]\n" + lines + "\n[[test]]\nname = \"t\"\nsteps = [{ wait = \"1s\" }]\n";
}

std::string key_of_parts(int count) {
    std::string key = "a";
    for (int i = 1; i < count; ++i)
        key += ".a";
    return key;
}

std::string with_probe(const std::string& lines) {
    return "[target]\ncommand = [\"./server\"]\n[[test]]\nname = \"t\"\n"
           "steps = [{ wait = \"1s\" }]\n[[probe]]\nname = \"ping\"\n" +
           lines + "\n";
}

class MalformedFile : public testing::TestWithParam<Malformed> {};

// So that a failing case is told by its name.
void PrintTo(const Malformed& malformed, std::ostream* stream) {
    *stream << malformed.label;
}

TEST_P(MalformedFile, IsToldExactly) {
    try {
        parse_text("s.toml", GetParam().text);
        FAIL() << "no error in:\n" << GetParam().text;
    } catch (const threadfault::Error& error) {
        EXPECT_EQ(error.code(), threadfault::ErrorCode::bad_scenario);
        EXPECT_EQ(std::string(error.what()), "s.toml:" + GetParam().message);
    }
}

const Malformed kFiles[] = {
    {"empty", "", "1:1: the file has no [[test]]"},
    {"toml", "[target\n", "1:8: Error while parsing table header: expected ']', saw '\\n'"},
    {"twice", "[target]\nshim = \"basic\"\nshim = \"basic\"\n",
     "3:8: Error while parsing key-value pair: cannot redefine existing string 'shim'"},
    {"top_key", "[taget]\n", "1:2: unknown key \"taget\" in the file; did you mean \"target\"?"},
    {"target_no_table", "target = 3\n",
     "1:10: \"target\" in the file must be a table, not an integer"},
    {"test_no_array", "[test]\nname = \"t\"\n",
     "1:1: \"test\" in the file must be written as [[test]], not a table"},
    {"test_of_numbers", "test = [1]\n",
     "1:9: \"test\" must be written as [[test]], and hold tables, not an integer"},
    {"target_key", with_target("comand = [\"x\"]"),
     "2:1: unknown key \"comand\" in [target]; did you mean \"command\"?"},
    {"command_text", with_target("command = \"./server\""),
     "2:11: \"command\" in [target] must be an array of strings, the program and its arguments, "
     "not a string"},
    {"command_empty", with_target("command = []"),
     "2:11: \"command\" in [target]: must name a program"},
    {"command_number", with_target("command = [\"x\", 1]"),
     "2:17: \"command\" in [target] must hold strings, not an integer"},
    {"env_number", with_target("command = [\"x\"]\nenv = { A = 1 }"),
     "3:9: \"A\" in env of [target] must be a string, not an integer"},
    {"env_name", with_target("command = [\"x\"]\nenv = { \"A=B\" = \"1\" }"),
     "3:9: \"A=B\" is not a valid variable name"},
    {"process_text", with_step("{ kill = \"main\", process = \"x\" }"),
     "9:28: \"process\" must be a table like { command = \"worker*\" }, not a string"},
    {"process_nothing", with_step("{ kill = \"main\", process = { first = true } }"),
     "9:28: \"process\" lacks one of command, children"},
    {"process_output", with_step("{ expect = { output = \"x\" }, process = { children = true } }"),
     "9:14: \"output\" can't be expected with \"process\"; one of alive, progresses, "
     "no_orphaned_locks, threads"},
    {"nested_arrays", with_target("command = " + std::string(10'000, '[')),
     "2:75: more than 64 arrays and tables in each other"},
    {"nested_tables", with_target("env = " + std::string(100'000, '{')),
     "2:71: more than 64 arrays and tables in each other"},
    {"parts_of_a_key", with_target(key_of_parts(200'000) + " = 1"),
     "2:128: a key of more than 64 parts"},
    {"parts_of_a_header", "[" + key_of_parts(200'000) + "]\n",
     "1:129: a key of more than 64 parts"},
    {"too_large", std::string((16 << 20) + 1, '\n'), "1:1: the file is larger than 16 MiB"},
    {"shim", with_target("command = [\"x\"]\nshim = \"point\""),
     "3:8: \"shim\" in [target]: invalid value \"point\"; did you mean \"points\"?"},
    {"ready_none", with_target("command = [\"x\"]\nready = { within = \"1s\" }"),
     "3:9: \"ready\" lacks one of output, listening, thread"},
    {"ready_two", with_target("command = [\"x\"]\nready = { output = \"a\", listening = 1 }"),
     "3:37: \"ready\" has both \"output\" and \"listening\"; use one of output, listening, thread"},
    {"ready_regex", with_target("command = [\"x\"]\nready = { output = \"(\" }"),
     "3:20: \"(\" is not a regular expression: missing ): (; the dialect is RE2's: no "
     "backreferences, no "
     "lookaround; \\ escapes a character"},
    {"ready_port", with_target("command = [\"x\"]\nready = { listening = 70000 }"),
     "3:23: \"listening\" in \"ready\": 70000 is not between 1 and 65535"},
    {"ready_port_text", with_target("command = [\"x\"]\nready = { listening = \"http\" }"),
     "3:23: \"listening\" in \"ready\": \"http\" is neither a port (1 to 65535, or {port}) nor the "
     "path of a unix socket"},
    {"ready_selector", with_target("command = [\"x\"]\nready = { thread = \"nam=x\" }"),
     "3:20: selector \"nam=x\": unknown key \"nam\"; did you mean name=x?"},
    {"ready_within", with_target("command = [\"x\"]\nready = { listening = 1, within = 5 }"),
     "3:35: \"within\" in \"ready\" must be a duration like \"250ms\", \"2s\" or \"1m\", not an "
     "integer"},
    {"probe_unnamed", "[[probe]]\ntcp = { to = \"a:1\" }\n", "1:1: [[probe]] lacks \"name\""},
    {"probe_key", with_probe("tpc = { to = \"a:1\" }"),
     "8:1: unknown key \"tpc\" in probe \"ping\"; did you mean \"tcp\"?"},
    {"probe_none", with_probe("every = \"1s\""),
     "6:1: probe \"ping\" lacks one of command, tcp, unix, http"},
    {"probe_two", with_probe("tcp = { to = \"a:1\" }\nunix = { to = \"/a\" }"),
     "9:8: probe \"ping\" has both \"tcp\" and \"unix\"; use one of command, tcp, unix, http"},
    {"probe_to", with_probe("tcp = { send = \"x\" }"), "8:7: tcp of probe \"ping\" lacks \"to\""},
    {"probe_no_port", with_probe("tcp = { to = \"localhost\" }"),
     "8:14: \"to\" in tcp of probe \"ping\": \"localhost\" is not HOST:PORT"},
    {"probe_bad_port", with_probe("tcp = { to = \"localhost:0\" }"),
     "8:14: \"to\" in tcp of probe \"ping\": \"0\" is neither a port (1 to 65535, or {port}) nor "
     "the path of a unix socket"},
    {"probe_url", with_probe("http = { url = \"localhost\" }"),
     "8:16: \"url\" in http of probe \"ping\": \"localhost\" must begin with http:// or "
     "https://"},
    {"probe_status", with_probe("http = { url = \"http://a\", status = 20 }"),
     "8:37: \"status\" in http of probe \"ping\": 20 is not between 100 and 599"},
    {"probe_every", with_probe("tcp = { to = \"a:1\" }\nevery = \"5\""),
     "9:9: \"every\" in probe \"ping\": \"5\" is not a duration; write one like 250ms, 2s, 1m"},
    {"probe_twice",
     with_probe("tcp = { to = \"a:1\" }\n[[probe]]\nname = \"ping\"\ncommand = [\"x\"]"),
     "9:1: duplicate probe \"ping\""},
    {"test_unnamed", "[target]\ncommand = [\"x\"]\n[[test]]\nsteps = []\n",
     "3:1: [[test]] lacks \"name\""},
    {"test_no_command", "[[test]]\nname = \"t\"\nsteps = [{ wait = \"1s\" }]\n",
     "1:1: test \"t\" has no command: set it, or attach, in its target or in [target]"},
    {"attach_type", with_target("attach = true"),
     "2:10: \"attach\" in [target] must be a process id, or the name of a program, not a boolean"},
    {"attach_pid", with_target("attach = 0"),
     "2:10: \"attach\" in [target]: 0 is not between 1 and 4194304"},
    {"attach_empty", with_target("attach = \"\""),
     "2:10: \"attach\" in [target]: must not be empty"},
    {"attach_command", with_target("attach = 1\ncommand = [\"x\"]"),
     "3:11: \"command\" can't be with \"attach\": that process runs already"},
    {"attach_env", with_target("attach = 1\nenv = { A = \"1\" }"),
     "3:7: \"env\" can't be with \"attach\": that process runs already"},
    {"attach_cwd", with_target("attach = 1\ncwd = \"x\""),
     "3:7: \"cwd\" can't be with \"attach\": that process runs already"},
    {"attach_shim", with_target("attach = 1\nshim = \"points\""),
     "3:8: \"shim\" can't be with \"attach\": call faults need a program that is started with it"},
    {"attach_output", with_target("attach = 1\nready = { output = \"x\" }"),
     "3:20: \"ready.output\" can't be with \"attach\": the output of that process is not ours"},
    {"attach_overrides",
     "[target]\ncommand = [\"x\"]\n[[test]]\nname = \"t\"\ntarget = { attach = 1 }\n"
     "steps = [{ wait = \"1s\" }]\n",
     "5:21: \"command\" of [target] can't be with \"attach\": that process runs already"},
    {"attach_inject",
     "[target]\nattach = \"x\"\n[[test]]\nname = \"t\"\n"
     "steps = [{ inject = \"read:delay=1ms\" }]\n",
     "5:21: \"inject\" can't be with \"attach\": call faults need the shim in the target"},
    {"attach_exit_code",
     "[target]\nattach = \"x\"\n[[test]]\nname = \"t\"\n"
     "steps = [{ expect = { exit_code = 0 } }]\n",
     "5:23: \"exit_code\" can't be expected with \"attach\": the exit status of that process is "
     "not ours to see"},
    {"attach_log",
     "[target]\nattach = \"x\"\n[[test]]\nname = \"t\"\n"
     "steps = [{ expect = { log_free_of = \"x\" } }]\n",
     "5:23: \"log_free_of\" can't be expected with \"attach\": the output of that process is not "
     "ours to see"},
    {"test_no_steps", "[target]\ncommand = [\"x\"]\n[[test]]\nname = \"t\"\n",
     "3:1: test \"t\" lacks \"steps\""},
    {"test_key", "[target]\ncommand = [\"x\"]\n[[test]]\nname = \"t\"\nstep = []\n",
     "5:1: unknown key \"step\" in test \"t\"; did you mean \"steps\"?"},
    {"step_text", with_step("\"kill\""),
     "9:1: a step must be a table like { kill = \"name=worker\" }, not a string"},
    {"step_empty", with_step("{}"),
     "9:1: empty step; one of kill, signal, freeze, thaw, slow, delay, spin, interrupt, demote, "
     "inject, wait, wait_for_thread, run, expect"},
    {"step_verb", with_step("{ frezee = \"main\" }"),
     "9:3: step without a verb: \"frezee\" is not one; did you mean \"freeze\"?"},
    {"step_two_verbs", with_step("{ kill = \"main\", freeze = \"main\" }"),
     "9:1: step has two verbs, \"kill\" and \"freeze\"; write two steps"},
    {"step_key", with_step("{ kill = \"name=w\", hwo = \"vanish\" }"),
     "9:20: unknown key \"hwo\" in step \"kill\"; did you mean \"how\"?"},
    {"kill_how", with_step("{ kill = \"name=w\", how = \"vansh\" }"),
     "9:26: \"how\" in step \"kill\": invalid value \"vansh\"; did you mean \"vanish\"?"},
    {"kill_selector", with_step("{ kill = \"worker\" }"),
     "9:10: selector \"worker\": \"worker\" is neither a thread id, `main` nor KEY=VALUE; did you "
     "mean name=worker?"},
    {"kill_number", with_step("{ kill = 3 }"),
     "9:10: \"kill\" in step \"kill\" must be a string, not an integer"},
    {"pick_two", with_step("{ kill = \"name=w\", all = true, first = true }"),
     "9:40: \"all\", \"first\" and \"random\" are mutually exclusive; use one"},
    {"pick_text", with_step("{ kill = \"name=w\", random = \"7\" }"),
     "9:29: \"random\" in step \"kill\" must be true or a seed, not a string"},
    {"signal_sig", with_step("{ signal = \"main\" }"), "9:1: step \"signal\" lacks \"sig\""},
    {"signal_name", with_step("{ signal = \"main\", sig = \"SIGTRM\" }"),
     "9:26: \"sig\" in step \"signal\": \"SIGTRM\" is not a signal; did you mean \"TERM\"?"},
    {"signal_glibc", with_step("{ signal = \"main\", sig = 33 }"),
     "9:26: \"sig\" in step \"signal\": reserved by glibc; use `kill` to cancel a thread"},
    {"slow_to", with_step("{ slow = \"main\" }"), "9:1: step \"slow\" lacks \"to\""},
    {"slow_all", with_step("{ slow = \"main\", to = \"100%\" }"),
     "9:23: \"to\" in step \"slow\": \"100%\" is not between 1% and 99%"},
    {"delay_for", with_step("{ delay = \"main\" }"), "9:1: step \"delay\" lacks \"for\""},
    {"demote_how", with_step("{ demote = \"main\" }"),
     "9:1: step \"demote\" lacks one of nice, idle, cpus"},
    {"demote_nice", with_step("{ demote = \"main\", nice = 20 }"),
     "9:27: \"nice\" in step \"demote\": 20 is not between -20 and 19"},
    {"demote_cpus", with_step("{ demote = \"main\", cpus = \"0,x\" }"),
     "9:27: \"cpus\" in step \"demote\": \"x\" is not a CPU; write a list like 0 or 0,2-3"},
    {"inject_call", with_step("{ inject = \"pthread_crate:error=EAGAIN\" }"),
     "9:12: SPEC \"pthread_crate:error=EAGAIN\": column 1: expected a call, found "
     "\"pthread_crate\"; did you mean \"pthread_create\"?"},
    {"inject_points", with_step("{ inject = \"pthread_mutex_lock:delay=1s\" }"),
     "9:12: \"inject\" in step \"inject\": this call fault needs shim = \"points\" in the target"},
    {"wait_text", with_step("{ wait = \"soon\" }"),
     "9:10: \"wait\" in step \"wait\": \"soon\" is not a duration; write one like 250ms, 2s, 1m"},
    {"run_code", with_step("{ run = \"true\", exit_code = 256 }"),
     "9:29: \"exit_code\" in step \"run\": 256 is not between 0 and 255"},
    {"expect_no_table", with_step("{ expect = true }"),
     "9:12: \"expect\" in step \"expect\" must be a table, not a boolean"},
    {"expect_nothing", with_step("{ expect = {} }"), "9:12: \"expect\" is empty"},
    {"expect_key", with_step("{ expect = { alife = true } }"),
     "9:14: unknown key \"alife\" in \"expect\"; did you mean \"alive\"?"},
    {"expect_probe", with_step("{ expect = { probe = \"pnig\" } }"),
     "9:22: \"probe\" in \"expect\": unknown [[probe]] \"pnig\"; did you mean \"ping\"?"},
    {"expect_recovery", with_step("{ expect = { recovers_within = \"1s\" } }"),
     "9:32: \"recovers_within\" in \"expect\": needs \"probe\""},
    {"expect_both_ends", with_step("{ expect = { exit_code = 1, signal = 9 } }"),
     "9:38: \"exit_code\" and \"signal\" are mutually exclusive; use one"},
    {"expect_dead_alive", with_step("{ expect = { alive = true, exit_code = 1 } }"),
     "9:22: \"alive\" can't be true with \"exit_code\" or \"signal\""},
    {"expect_of_the_dead", with_step("{ expect = { alive = false, probe = \"ping\" } }"),
     "9:37: \"probe\" can't be checked after the target has ended"},
    {"expect_threads", with_step("{ expect = { threads = \"3\" } }"),
     "9:24: \"threads\" in \"expect\" must be a number, or a table like { \"name=worker\" = 3 }, "
     "not a string"},
    {"expect_thread_selector", with_step("{ expect = { threads = { \"x\" = 1 } } }"),
     "9:26: selector \"x\": \"x\" is neither a thread id, `main` nor KEY=VALUE; did you mean "
     "name=x?"},
    {"expect_log", with_step("{ expect = { log_free_of = [\"[\"] } }"),
     "9:28: \"[\" is not a regular expression: missing ]: [; the dialect is RE2's: no "
     "backreferences, no lookaround; \\ escapes a character"},
};

INSTANTIATE_TEST_SUITE_P(Parse, MalformedFile, testing::ValuesIn(kFiles),
                         [](const auto& info) { return std::string(info.param.label); });

}  // namespace
