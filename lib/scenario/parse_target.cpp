#include "format/format.hpp"
#include "scenario/curl_library.hpp"
#include "scenario/parse_parts.hpp"
#include "scenario/placeholders.hpp"

#include <charconv>
#include <filesystem>

namespace threadfault::scenario {
namespace {

std::vector<std::string> parse_command(const Reader& reader) {
    if (!reader.node("command")->is_array())
        reader.wrong_type("command", "an array of strings, the program and its arguments");
    std::vector<std::string> command = *reader.strings("command");
    if (command.empty() || command.front().empty()) reader.wrong("command", "must name a program");
    return command;
}

void check_port(const Reader& reader, std::string_view key, const std::string& text) {
    const std::string filled = sample_placeholders().fill(text);
    // "@name" and "/path" are unix sockets.
    if (filled.starts_with('/') || filled.starts_with('@')) return;
    unsigned port = 0;
    const auto [end, error] = std::from_chars(filled.data(), filled.data() + filled.size(), port);
    const bool valid = error == std::errc() && end == filled.data() + filled.size();
    if (!valid || port < 1 || port > 65535) {
        reader.wrong(key, formatted("\"{}\" is neither a port (1 to 65535, or {{port}}) nor the "
                                    "path of a unix socket",
                                    text));
    }
}

Ready parse_ready(const Source& source, const toml::table& table) {
    const Reader reader(source, table, "\"ready\"", {"output", "listening", "thread", "within"});
    Ready ready;
    reader.one_of({"output", "listening", "thread"});
    ready.output = reader.regex("output").value_or("");
    ready.thread = reader.selector("thread").value_or("");
    if (const toml::node* listening = reader.node("listening")) {
        if (listening->is_integer()) {
            ready.listening = std::to_string(*reader.integer("listening", 1, 65535));
        } else if (listening->is_string()) {
            ready.listening = *reader.string("listening");
            check_port(reader, "listening", ready.listening);
        } else {
            reader.wrong_type("listening", "a port or the path of a unix socket");
        }
    }
    ready.within = reader.duration("within").value_or(ready.within);
    return ready;
}

CommandProbe parse_command_probe(const Reader& reader) {
    return {parse_command(reader)};
}

SocketProbe parse_socket_probe(const Source& source, const toml::table& table,
                               const std::string& what, bool local) {
    const Reader reader(source, table, what, {"to", "send", "expect"});
    SocketProbe probe;
    probe.local = local;
    probe.to = reader.required_string("to");
    if (!local) {
        const std::size_t colon = probe.to.rfind(':');
        if (colon == std::string::npos || colon == 0)
            reader.wrong("to", formatted("\"{}\" is not HOST:PORT", probe.to));
        const std::string port = probe.to.substr(colon + 1);
        if (port.starts_with('/') || port.starts_with('@'))
            reader.wrong("to", formatted("\"{}\" is not a port", port));
        check_port(reader, "to", port);
    }
    probe.send = reader.string("send").value_or("");
    probe.expect = reader.regex("expect").value_or("");
    return probe;
}

HttpProbe parse_http_probe(const Source& source, const toml::table& table,
                           const std::string& what) {
    const Reader reader(source, table, what, {"url", "status", "expect"});
    HttpProbe probe;
    probe.url = reader.required_string("url");
    if (!probe.url.starts_with("http://") && !probe.url.starts_with("https://"))
        reader.wrong("url", formatted("\"{}\" must begin with http:// or https://", probe.url));
    probe.status = static_cast<long>(reader.integer("status", 100, 599).value_or(probe.status));
    probe.expect = reader.regex("expect").value_or("");
    curl_library();  // told before anything is run, where there is none
    return probe;
}

AttachSpec parse_attach(const Reader& reader) {
    constexpr std::int64_t kLargestPid = 1 << 22;  // PID_MAX_LIMIT
    const toml::node& attach = *reader.node("attach");
    if (attach.is_integer())
        return {static_cast<pid_t>(*reader.integer("attach", 1, kLargestPid)), ""};
    if (!attach.is_string()) reader.wrong_type("attach", "a process id, or the name of a program");
    return {0, reader.required_string("attach")};
}

// What can't be said of a process that was not started for the test, wherever it is said: here, or
// in what this target overrides. One mistake each.
void check_attached(const Reader& reader, const TargetSpec& target) {
    struct Rule {
        const char* key;
        bool set;
        const char* why;
    };
    static constexpr const char* kRuns = "that process runs already";
    const Rule rules[] = {
        {"command", !target.command.empty(), kRuns},
        {"env", !target.environment.empty(), kRuns},
        {"cwd", !target.directory.empty(), kRuns},
        {"shim", target.shim != Shim::basic, "call faults need a program that is started with it"},
        {"ready.output", !target.ready.output.empty(), "the output of that process is not ours"},
    };
    for (const Rule& rule : rules) {
        const std::string_view key = rule.key;
        const toml::node_view<const toml::node> here = reader.at(key);
        if (!here && (!rule.set || !reader.has("attach"))) continue;
        attempt(reader.source(), [&] {
            fail(here ? reader.source().place(here.node()->source()) : reader.place("attach"),
                 formatted("\"{}\" {}can't be with \"attach\": {}", key, here ? "" : "of [target] ",
                           rule.why));
        });
    }
}

}  // namespace

TargetSpec parse_target(const Source& source, const toml::table& table, const std::string& what,
                        const TargetSpec& base) {
    const Reader reader(source, table, what, {"attach", "command", "env", "cwd", "ready", "shim"});
    TargetSpec target = base;
    if (reader.has("attach")) target.attach = parse_attach(reader);
    if (reader.has("command")) target.command = parse_command(reader);
    if (const toml::table* environment = reader.table("env", "a table of strings")) {
        for (const auto& [key, value] : *environment) {
            const Place place = source.place(key.source());
            if (key.str().empty() || key.str().find('=') != std::string_view::npos)
                fail(place, formatted("\"{}\" is not a valid variable name", key.str()));
            if (!value.is_string()) {
                fail(place, formatted("\"{}\" in env of {} must be a string, not {}", key.str(),
                                      what, type_name(value)));
            }
            const std::string& text = value.as_string()->get();
            if (text.find('\0') != std::string::npos)
                fail(place, formatted("\"{}\" in env of {}: contains a NUL byte", key.str(), what));
            target.environment[std::string(key.str())] = text;
        }
    }
    if (const auto directory = reader.string("cwd")) {
        // A placeholder is a whole path; a relative path is relative to the file's directory.
        const bool absolute = directory->starts_with('/') || directory->starts_with('{');
        target.directory = absolute ? *directory : "{dir}/" + *directory;
    }
    if (const toml::table* ready = reader.table("ready", "a table")) {
        target.ready = parse_ready(source, *ready);
    }
    if (const auto shim = reader.string("shim")) {
        if (*shim != "basic" && *shim != "points") {
            reader.wrong("shim", formatted("invalid value \"{}\"{}", *shim,
                                           suggestion(*shim, {"basic", "points"})));
        }
        target.shim = *shim == "points" ? Shim::points : Shim::basic;
    }
    if (target.attach.given()) check_attached(reader, target);
    return target;
}

ProbeSpec parse_probe(const Source& source, const toml::table& table) {
    std::string what = "[[probe]]";
    if (const auto name = table["name"].value<std::string>())
        what = formatted("probe \"{}\"", *name);
    const Reader reader(source, table, what,
                        {"name", "command", "tcp", "unix", "http", "every", "within"});
    ProbeSpec probe;
    probe.name = reader.required_string("name");
    const std::string kind = reader.one_of({"command", "tcp", "unix", "http"});
    if (kind == "command") {
        probe.how = parse_command_probe(reader);
    } else {
        const toml::table& how = *reader.table(kind, "a table");
        const std::string part = formatted("{} of {}", kind, what);
        if (kind == "http") {
            probe.how = parse_http_probe(source, how, part);
        } else {
            probe.how = parse_socket_probe(source, how, part, kind == "unix");
        }
    }
    probe.every = reader.duration("every").value_or(probe.every);
    probe.within = reader.duration("within").value_or(probe.within);
    if (probe.within == Duration::zero()) reader.wrong("within", "must be greater than zero");
    return probe;
}

}  // namespace threadfault::scenario
