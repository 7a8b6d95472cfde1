// Which container a process belongs to, told by the lines of /proc/<pid>/cgroup.
#include "observe/container.hpp"

#include <gtest/gtest.h>

namespace threadfault::observe {
namespace {

const std::string kId = "4c01db0b339c74d2a1bd0f7f0b6d0b8a6b3b1f6f5c0b6a0f6f7a8e9d0c1b2a34";
const std::string kOther = "aa" + kId.substr(2);

TEST(Container, IsNamedByItsControlGroups) {
    const struct {
        std::string cgroups;
        std::string runtime;
        std::string id;  // "": none
    } cases[] = {
        // Version 2.
        {"0::/system.slice/docker-" + kId + ".scope", "docker", kId},
        {"0::/docker/" + kId, "docker", kId},
        {"0::/machine.slice/libpod-" + kId + ".scope", "podman", kId},
        {"0::/machine.slice/libpod-" + kId + ".scope/container", "podman", kId},
        {"0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-payload-" + kId,
         "podman", kId},
        {"0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-podf00.slice/"
         "cri-containerd-" +
             kId + ".scope",
         "containerd", kId},
        {"0::/kubepods.slice/kubepods-podf00.slice/crio-" + kId + ".scope", "cri-o", kId},
        {"0::/kubepods/burstable/pod3a5f-77/" + kId, "kubernetes", kId},
        {"0::/system.slice/containerd.service/kubepods-burstable-pod3a5f.slice:cri-containerd:" +
             kId,
         "containerd", kId},
        // As another container sees it.
        {"0::/../" + kId, "", kId},
        {"0::/../docker-" + kId + ".scope", "docker", kId},
        {"0::/../../podf00/" + kId, "", kId},
        // The innermost, where one runs in another.
        {"0::/docker/" + kOther + "/docker/" + kId, "docker", kId},
        {"0::/system.slice/docker-" + kId + ".scope/init.scope", "docker", kId},
        // Version 1, and both.
        {"12:pids:/docker/" + kId + "\n11:cpu,cpuacct:/docker/" + kId + "\n", "docker", kId},
        {"3:cpu:/\n2:devices:/kubepods/besteffort/podf00/" + kId + "\n0::/\n", "kubernetes", kId},
        {"1:name=systemd:/docker/" + kId + "\n0::/system.slice/containerd.service\n", "docker",
         kId},
        // Names.
        {"0::/lxc/web", "lxc", "web"},
        {"0::/lxc.payload.web/system.slice/nginx.service", "lxc", "web"},
        {"0::/lxc.payload/web", "lxc", "web"},
        {"0::/machine.slice/machine-web\\x2d1.scope", "systemd-nspawn", "web-1"},
        {"0::/machine.slice/machine-web.scope/payload", "systemd-nspawn", "web"},
        // None.
        {"0::/", "", ""},
        {"0::/user.slice/user-0.slice/session-1.scope", "", ""},
        {"0::/system.slice/docker.service", "", ""},
        {"0::/machine.slice/libpod-conmon-" + kId + ".scope", "", ""},
        {"0::/kubepods.slice/crio-conmon-" + kId + ".scope", "", ""},
        {"0::/machine.slice/machine-qemu\\x2d1\\x2ddebian.scope", "", ""},
        {"0::/docker/" + kId.substr(1), "", ""},
        {"0::/docker/" + kId + "0", "", ""},
        {"0::/docker/Z" + kId.substr(1), "", ""},
        {"0::/machine.slice/machine-.scope", "", ""},
        {"0::/lxc", "", ""},
        // Not what the kernel writes.
        {"", "", ""},
        {"\n\n", "", ""},
        {"0", "", ""},
        {"::", "", ""},
        {"0::/machine.slice/machine-a\\x2.scope", "systemd-nspawn", "a\\x2"},
    };
    for (const auto& one : cases) {
        const auto found = parse_container(one.cgroups);
        EXPECT_EQ(found ? found->id : "", one.id) << one.cgroups;
        EXPECT_EQ(found ? found->runtime : "", one.runtime) << one.cgroups;
    }
}

TEST(Container, IsShownByTwelveDigitsOrItsName) {
    EXPECT_EQ(short_id({"docker", kId}), "4c01db0b339c");
    EXPECT_EQ(short_id({"lxc", "a-name-that-is-long"}), "a-name-that-is-long");
}

TEST(Container, OfAProcessThatIsNotThere) {
    EXPECT_EQ(container_of(0), std::nullopt);
}

}  // namespace
}  // namespace threadfault::observe
