# Builds for Linux on aarch64 with Debian's cross compiler (scripts/install-deps --arm64). Libraries come
# from the root of Debian for arm64 that `scripts/arm64-root` makes and prints: THREADFAULT_ARM64_ROOT.
# Without it they are looked for on this machine, where `dpkg --add-architecture arm64` may have put them.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES THREADFAULT_ARM64_ROOT)

set(THREADFAULT_ARM64_ROOT "$ENV{THREADFAULT_ARM64_ROOT}" CACHE PATH "Root of Debian for arm64")
if(THREADFAULT_ARM64_ROOT)
  set(CMAKE_SYSROOT "${THREADFAULT_ARM64_ROOT}")
  set(CMAKE_FIND_ROOT_PATH "${THREADFAULT_ARM64_ROOT}")
  set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
  set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
  set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
endif()
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(ENV{PKG_CONFIG_SYSROOT_DIR} "${THREADFAULT_ARM64_ROOT}")
set(ENV{PKG_CONFIG_LIBDIR}
  "${THREADFAULT_ARM64_ROOT}/usr/lib/aarch64-linux-gnu/pkgconfig:${THREADFAULT_ARM64_ROOT}/usr/share/pkgconfig")
