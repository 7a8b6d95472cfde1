#include "option_words.hpp"
#include "cli11.hpp"

namespace threadfault::cli {

const CLI::Option* find_option(const CLI::App& app, const std::string& word) {
    if (!word.starts_with('-')) return nullptr;
    for (const CLI::Option* option : app.get_options()) {
        if (option->check_name(word)) return option;
    }
    return nullptr;
}

bool takes_next_word(const CLI::App& app, const std::string& word) {
    const CLI::Option* const option = find_option(app, word);
    return option != nullptr && option->get_items_expected_min() > 0;
}

ProgramBegins program_begins(std::string_view command) {
    if (command == "run") return ProgramBegins::at_first_plain_word;
    if (command == "storm" || command == "sweep") return ProgramBegins::behind_dashes;
    return ProgramBegins::never;
}

WordReader::Kind WordReader::read(const std::string& word) {
    if (open_ != nullptr) {
        open_ = nullptr;
        return Kind::value;
    }
    if (word == "--" && begins_ != ProgramBegins::never) return Kind::dashes;
    if (word.starts_with('-')) {
        if (takes_next_word(app_, word)) open_ = find_option(app_, word);
        return Kind::option;
    }
    return begins_ == ProgramBegins::at_first_plain_word ? Kind::program : Kind::plain;
}

}  // namespace threadfault::cli
