// The editors' schema and the parser know the same keys.
#include "scenario/parse.hpp"
#include "threadfault/error.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace {

using Json = nlohmann::json;
using Keys = std::set<std::string>;

const Json& schema() {
    static const Json kSchema = [] {
        std::ifstream stream(THREADFAULT_SCENARIO_SCHEMA);
        return Json::parse(stream);
    }();
    return kSchema;
}

Keys keys_of(const Json& table) {
    Keys keys;
    for (const auto& [key, value] : table.at("properties").items())
        keys.insert(key);
    return keys;
}

// What the parser would take in the place of an unknown key that resembles none: it lists them.
Keys keys_that_parser_takes(const std::string& text) {
    try {
        threadfault::scenario::parse_text("s.toml", text);
    } catch (const threadfault::Error& error) {
        const std::string message = error.what();
        const std::size_t list = message.find("; one of ");
        EXPECT_NE(message.find("unknown key \"###\""), std::string::npos) << message;
        if (list == std::string::npos) return {};
        std::istringstream words(message.substr(list + 9));
        Keys keys;
        for (std::string word; words >> word;) {
            if (word.ends_with(',')) word.pop_back();
            keys.insert(word);
        }
        return keys;
    }
    return {};
}

std::string file_with_step(const std::string& step) {
    return "[target]\ncommand = [\"x\"]\n[[test]]\nname = \"t\"\nsteps = [" + step + "]\n";
}

const Json& definition(const char* name) {
    return schema().at("definitions").at(name);
}

TEST(Schema, TablesHaveTheParsersKeys) {
    EXPECT_EQ(keys_of(schema()), keys_that_parser_takes("\"###\" = 1\n"));
    EXPECT_EQ(keys_of(definition("target")), keys_that_parser_takes("[target]\n\"###\" = 1\n"));
    EXPECT_EQ(keys_of(definition("target").at("properties").at("ready")),
              keys_that_parser_takes("[target]\nready = { \"###\" = 1 }\n"));
    EXPECT_EQ(keys_of(definition("probe")), keys_that_parser_takes("[[probe]]\n\"###\" = 1\n"));
    for (const char* kind : {"tcp", "unix", "http"}) {
        EXPECT_EQ(keys_of(definition("probe").at("properties").at(kind)),
                  keys_that_parser_takes(std::string("[[probe]]\nname = \"p\"\n") + kind +
                                         " = { \"###\" = 1 }\n"))
            << kind;
    }
    EXPECT_EQ(keys_of(definition("test")),
              keys_that_parser_takes("[target]\ncommand = [\"x\"]\n[[test]]\n\"###\" = 1\n"));
    EXPECT_EQ(keys_of(definition("expect")),
              keys_that_parser_takes(file_with_step("{ expect = { \"###\" = 1 } }")));
}

TEST(Schema, StepsHaveTheParsersKeys) {
    const Json& steps = definition("step").at("oneOf");
    EXPECT_EQ(steps.size(), 14U);
    for (const Json& step : steps) {
        const std::string verb = step.at("title");
        Keys parsed =
            keys_that_parser_takes(file_with_step("{ " + verb + " = \"main\", \"###\" = 1 }"));
        // A table of one key has nothing to choose from: the parser suggests just that.
        if (parsed.empty()) parsed = {verb};
        EXPECT_EQ(keys_of(step), parsed) << verb;
        EXPECT_EQ(step.at("required").at(0), verb);
    }
}

}  // namespace
