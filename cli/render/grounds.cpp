#include "render/grounds.hpp"

#include "base/duration.hpp"

namespace threadfault::cli {
namespace {

struct JsonOf {
    Json operator()(bool value) const { return value; }
    Json operator()(std::int64_t value) const { return value; }
    Json operator()(double value) const { return base::rounded(value, base::kMillis); }
    Json operator()(const std::string& value) const { return text_or_null(value); }
    Json operator()(const std::vector<std::string>& value) const { return value; }
    Json operator()(const std::vector<drive::GroundThread>& value) const {
        Json list = Json::array();
        for (const drive::GroundThread& thread : value) {
            list.push_back({{"tid", thread.tid}, {"name", thread.name}});
            if (!thread.call.empty()) list.back()["call"] = thread.call;
        }
        return list;
    }
    Json operator()(const std::vector<drive::GroundProcess>& value) const {
        Json list = Json::array();
        for (const drive::GroundProcess& process : value)
            list.push_back({{"pid", process.pid}, {"command", text_or_null(process.command)}});
        return list;
    }
    Json operator()(const drive::GroundLock& value) const { return json_of(value); }
    Json operator()(const drive::GroundOwner& value) const {
        return {{"tid", value.tid != 0 ? Json(value.tid) : Json(nullptr)},
                {"name", text_or_null(value.name)},
                {"alive", false},
                {"pid", nullptr},
                {"fate", text_or_null(value.fate)}};
    }
};

}  // namespace

Json json_of(const drive::GroundLock& lock) {
    return {{"kind", lock.kind},
            {"address", address_or_null(lock.address)},
            {"symbol", text_or_null(lock.symbol)}};
}

Json json_of(const std::vector<drive::Ground>& grounds, bool afterwards) {
    Json list = Json::array();
    for (const drive::Ground& ground : grounds) {
        Json one = {{"code", drive::info(ground.code).name},
                    {"text", afterwards ? sentence_afterwards(ground) : sentence(ground)}};
        for (const auto& [key, value] : ground.data)
            one[std::string(key)] = std::visit(JsonOf(), value);
        list.push_back(std::move(one));
    }
    return list;
}

std::string reason_code(std::string_view reason) {
    return std::string(reason.substr(0, reason.find(": ")));
}

}  // namespace threadfault::cli
