if(NOT TARGET threadfault OR NOT TARGET threadfault_preload)
  return()
endif()
# What is installed: the libraries with their headers, CMake package and pkg-config files, the shim (in a
# private directory: no program links with it), the command, documentation. Each has a component, of which
# packages are made (cmake/ThreadfaultPackages.cmake):
#   command      the command with its shims, helper programs, manual pages and documentation: all that
#                names no component
#   library      the shared library of the C++ interface
#   development  what programs are built with
include(CMakePackageConfigHelpers)

set(THREADFAULT_SHIM_DIR "${CMAKE_INSTALL_LIBDIR}/threadfault")
install(TARGETS threadfault_preload threadfault_points LIBRARY DESTINATION "${THREADFAULT_SHIM_DIR}")

if(THREADFAULT_BUILD_CLI)
  install(TARGETS threadfault_command RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()

install(TARGETS threadfault_guardian RUNTIME DESTINATION "${CMAKE_INSTALL_LIBEXECDIR}/threadfault")
install(TARGETS threadfault threadfault_target EXPORT threadfault-targets
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT development
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT library NAMELINK_COMPONENT development)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/lib/include/threadfault"
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT development)
install(EXPORT threadfault-targets NAMESPACE threadfault::
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/threadfault" COMPONENT development)

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/threadfault-config.cmake.in"
  "${PROJECT_BINARY_DIR}/threadfault-config.cmake"
  INSTALL_DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/threadfault"
  PATH_VARS CMAKE_INSTALL_BINDIR THREADFAULT_SHIM_DIR)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/threadfault-config-version.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/threadfault-config.cmake"
  "${PROJECT_BINARY_DIR}/threadfault-config-version.cmake"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/threadfault" COMPONENT development)

# Absolute install directories stay as they are; relative ones hang below the prefix, which the file finds
# from its own place: an installed tree can be moved.
cmake_path(IS_ABSOLUTE CMAKE_INSTALL_LIBDIR absolute)
if(absolute)
  set(THREADFAULT_PC_PREFIX "${CMAKE_INSTALL_PREFIX}")
else()
  file(RELATIVE_PATH up "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
  string(REGEX REPLACE "/$" "" up "${up}")
  set(THREADFAULT_PC_PREFIX "\${pcfiledir}/${up}")
endif()
foreach(name IN ITEMS INCLUDEDIR LIBDIR)
  cmake_path(IS_ABSOLUTE CMAKE_INSTALL_${name} absolute)
  if(absolute)
    set(THREADFAULT_PC_${name} "${CMAKE_INSTALL_${name}}")
  else()
    set(THREADFAULT_PC_${name} "\${prefix}/${CMAKE_INSTALL_${name}}")
  endif()
endforeach()
set(THREADFAULT_PC_SHIM "\${libdir}/threadfault/libthreadfault_preload.so")
foreach(name IN ITEMS threadfault threadfault-target)
  configure_file("${PROJECT_SOURCE_DIR}/cmake/${name}.pc.in" "${PROJECT_BINARY_DIR}/${name}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/${name}.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig"
    COMPONENT development)
endforeach()

# The Python package, with what makes pytest load its plugin where the directory is in PYTHONPATH.
set(THREADFAULT_PYTHON_SOURCE "${PROJECT_SOURCE_DIR}/lib/python")
file(STRINGS "${THREADFAULT_PYTHON_SOURCE}/pyproject.toml" python_version REGEX "^version = ")
if(NOT python_version STREQUAL "version = \"${PROJECT_VERSION}\"")
  message(FATAL_ERROR "lib/python/pyproject.toml says ${python_version}, the project is ${PROJECT_VERSION}")
endif()
install(DIRECTORY "${THREADFAULT_PYTHON_SOURCE}/threadfault" DESTINATION "${THREADFAULT_PYTHON_DIR}"
  FILES_MATCHING PATTERN "*.py" PATTERN "py.typed" PATTERN "__pycache__" EXCLUDE)
set(dist_info "${PROJECT_BINARY_DIR}/threadfault-${PROJECT_VERSION}.dist-info")
file(WRITE "${dist_info}/METADATA"
  "Metadata-Version: 2.1\nName: threadfault\nVersion: ${PROJECT_VERSION}\n"
  "Summary: Fault tests on single threads, for pytest\nRequires-Python: >=3.9\n")
file(WRITE "${dist_info}/entry_points.txt"
  "[pytest11]\nthreadfault.pytest_plugin = threadfault.pytest_plugin\n")
file(WRITE "${dist_info}/INSTALLER" "cmake\n")
install(DIRECTORY "${dist_info}" DESTINATION "${THREADFAULT_PYTHON_DIR}")

# The documentation, with no link to what stays in the sources.
find_package(Python3 COMPONENTS Interpreter)
if(Python3_FOUND)
  set(docs_directory "${PROJECT_BINARY_DIR}/installed-docs")
  file(RELATIVE_PATH schemas_from_docs "${CMAKE_INSTALL_FULL_DOCDIR}"
    "${CMAKE_INSTALL_FULL_DATADIR}/threadfault/schema")
  file(GLOB_RECURSE docs_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/docs/*")
  set(docs_script "${PROJECT_SOURCE_DIR}/scripts/docs-for-install")
  add_custom_command(OUTPUT "${docs_directory}.made"
    COMMAND Python3::Interpreter "${docs_script}" "${PROJECT_SOURCE_DIR}" "${docs_directory}" "${schemas_from_docs}"
    COMMAND "${CMAKE_COMMAND}" -E touch "${docs_directory}.made"
    DEPENDS ${docs_sources} "${docs_script}" "${PROJECT_SOURCE_DIR}/README.md" "${PROJECT_SOURCE_DIR}/CHANGELOG.md"
      "${PROJECT_SOURCE_DIR}/SECURITY.md" VERBATIM)
  add_custom_target(threadfault_docs ALL DEPENDS "${docs_directory}.made")
  install(DIRECTORY "${docs_directory}/" DESTINATION "${CMAKE_INSTALL_DOCDIR}" USE_SOURCE_PERMISSIONS)
else()
  install(FILES "${PROJECT_SOURCE_DIR}/README.md" "${PROJECT_SOURCE_DIR}/CHANGELOG.md"
    "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
endif()

if(PROJECT_IS_TOP_LEVEL)
  add_custom_target(uninstall
    COMMAND "${CMAKE_COMMAND}" "-DMANIFEST=${PROJECT_BINARY_DIR}/install_manifest.txt"
      -P "${PROJECT_SOURCE_DIR}/cmake/uninstall.cmake"
    COMMENT "Removing what the last installation wrote" VERBATIM)
  include(ThreadfaultPackages)
endif()
