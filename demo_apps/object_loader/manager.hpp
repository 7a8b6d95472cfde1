// Loads objects on demand, in one of several ways.
#ifndef OBJECT_LOADER_MANAGER_HPP
#define OBJECT_LOADER_MANAGER_HPP

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "loaders.hpp"
#include "options.hpp"

namespace object_loader {

class ObjectManager {
public:
    // Runs on the loader of an object once that is published; it may load others. After the loss of
    // a loader it may run again for the same object.
    using Hook = std::function<void(ObjectManager&, const Object&)>;

    ObjectManager(const Options& options, Strategy strategy, Id size, Hook on_loaded);
    ObjectManager(const ObjectManager&) = delete;
    ObjectManager& operator=(const ObjectManager&) = delete;
    ~ObjectManager();

    void load_async(Id id);
    // Returns when the object is there and its hook has run; null if it could not be loaded.
    const Object* load_sync(Id id);

    const Loaders& loaders() const { return *loaders_; }
    unsigned loaders_lost() const { return lost_; }
    unsigned locks_inherited() const { return table_.locks_inherited(); }

private:
    const Object* call_service(Id id);
    const Object* load_inline(Id id);
    void load(Id id);
    void publish(Id id, std::unique_ptr<Object> object);
    void supervise();

    const Options& options_;
    const Strategy strategy_;
    const Hook on_loaded_;
    Table table_;
    std::mutex service_call_;  // the service thread answers one caller at a time
    std::unique_ptr<Loaders> loaders_;
    std::atomic<bool> stopping_{false};
    std::atomic<unsigned> lost_{0};
    std::thread supervisor_;
};

}  // namespace object_loader

#endif  // OBJECT_LOADER_MANAGER_HPP
