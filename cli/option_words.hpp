// Options as words of a command line that is not parsed yet: for what ends before CLI11 begins (the
// program of `run`, the command's name) and for completion. The answers come from the App itself.
#ifndef THREADFAULT_CLI_OPTION_WORDS_HPP
#define THREADFAULT_CLI_OPTION_WORDS_HPP

#include <string>
#include <string_view>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace threadfault::cli {

// The option that this word names; nullptr for none, and for one that brings its value
// (--how=exit).
const CLI::Option* find_option(const CLI::App& app, const std::string& word);

// Is the next word the value of this one?
bool takes_next_word(const CLI::App& app, const std::string& word);

// Where a program with arguments of its own begins in the words of a command.
enum class ProgramBegins {
    never,
    behind_dashes,        // storm [OPTIONS] -- PROGRAM, sweep
    at_first_plain_word,  // run [OPTIONS] [--] PROGRAM
};
ProgramBegins program_begins(std::string_view command);

// Reads the words of a command one after the other.
class WordReader {
public:
    enum class Kind {
        option,   // or what looks like one
        value,    // of the option before it
        plain,    // a positional argument
        dashes,   // "--": the program begins behind it
        program,  // its first word
    };

    WordReader(const CLI::App& app, ProgramBegins begins) : app_(app), begins_(begins) {}

    // `dashes` and `program` end the command's own words.
    Kind read(const std::string& word);
    // The option whose value comes next; nullptr: none is open.
    const CLI::Option* open_option() const noexcept { return open_; }

private:
    const CLI::App& app_;
    ProgramBegins begins_;
    const CLI::Option* open_ = nullptr;
};

}  // namespace threadfault::cli

#endif  // THREADFAULT_CLI_OPTION_WORDS_HPP
