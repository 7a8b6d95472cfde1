# What `cpack` makes of the components (cmake/ThreadfaultInstall.cmake); scripts/package calls it.
#   cpack -G DEB  threadfault, libthreadfault-target and libthreadfault-dev
#   cpack -G TGZ  all of it in one archive, which runs from any directory
set(CPACK_PACKAGE_NAME threadfault)
set(CPACK_PACKAGE_CONTACT "threadfault maintainers <maintainers@threadfault.invalid>")
set(CPACK_PACKAGE_VENDOR threadfault)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGE_CHECKSUM SHA256)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL command library development)
set(CPACK_PACKAGE_FILE_NAME "threadfault_${PROJECT_VERSION}_amd64")

# The archive is one for all components; its one directory has the version in its name.
set(CPACK_ARCHIVE_COMPONENT_INSTALL OFF)
set(CPACK_INCLUDE_TOPLEVEL_DIRECTORY ON)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
# Manual pages are compressed in a package, and plain where `cmake --install` writes them.
set(CPACK_PRE_BUILD_SCRIPTS "${PROJECT_SOURCE_DIR}/cmake/compress_manual_pages.cmake")
set(CPACK_DEBIAN_COMMAND_PACKAGE_NAME threadfault)
# Loaded for HTTP probes alone; Debian 13 renamed it.
set(CPACK_DEBIAN_COMMAND_PACKAGE_RECOMMENDS "libcurl4t64 | libcurl4")
set(CPACK_COMPONENT_COMMAND_DESCRIPTION
  "threadfault cancels, kills, freezes or slows one thread of a running,\nunmodified program and says what became of the rest.")
set(soversion "${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME "libthreadfault-target${soversion}")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_DEPENDS "threadfault (= ${PROJECT_VERSION})")
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION
  "Library of the C++ interface: test programs that launch and harm their\ntargets link with it.")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libthreadfault-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
  "libthreadfault-target${soversion} (= ${PROJECT_VERSION})")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION
  "Headers, the static library of execute_on_thread, CMake package and\npkg-config files.")

# Debian's policy wants a copyright and a changelog in each package, and reasons for what it forbids.
string(TIMESTAMP date "%a, %d %b %Y 00:00:00 +0000" UTC)
set(debian "${PROJECT_BINARY_DIR}/debian")
file(CONFIGURE OUTPUT "${debian}/changelog" CONTENT "threadfault (${PROJECT_VERSION}) unstable; urgency=medium

  * See CHANGELOG.md of the package threadfault.

 -- ${CPACK_PACKAGE_CONTACT}  ${date}
")
execute_process(COMMAND gzip -9nkf "${debian}/changelog" RESULT_VARIABLE zipped ERROR_QUIET)
file(CONFIGURE OUTPUT "${debian}/overrides" CONTENT
"# Started for each command: a static program starts in half the time.
threadfault: statically-linked-binary
threadfault: embedded-library *
# Preloaded by its path, never linked with: it has no soname to depend on.
threadfault: sharedobject-in-library-directory-missing-soname
")
foreach(component IN ITEMS COMMAND LIBRARY DEVELOPMENT)
  set(directory "${CMAKE_INSTALL_DATADIR}/doc/${CPACK_DEBIAN_${component}_PACKAGE_NAME}")
  string(TOLOWER "${component}" name)
  install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${directory}"
    RENAME copyright COMPONENT ${name})
  if(zipped EQUAL 0)
    install(FILES "${debian}/changelog.gz" DESTINATION "${directory}" COMPONENT ${name})
  endif()
endforeach()
install(FILES "${debian}/overrides" DESTINATION "${CMAKE_INSTALL_DATADIR}/lintian/overrides"
  RENAME threadfault)
file(WRITE "${debian}/triggers" "activate-noawait ldconfig\n")
file(CHMOD "${debian}/triggers" PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA "${debian}/triggers")
include(CPack)
