# What `cmake --install` and CPack put where. Two components, two Debian packages: `server` (hangad,
# hanga, units) is small; `worker` carries LibTorch, which no distribution has in this version.
include(GNUInstallDirs)

# A package is made of what is built; it does not build everything else first.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)

install(TARGETS hangad hanga RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT server)
install(FILES deploy/systemd/hangad.service deploy/systemd/hanga-worker@.service
        DESTINATION lib/systemd/system COMPONENT server)
install(FILES deploy/systemd/hanga.sysusers DESTINATION lib/sysusers.d RENAME hanga.conf
        COMPONENT server)
install(FILES deploy/systemd/hangad.toml DESTINATION ${CMAKE_INSTALL_DATADIR}/hanga
        COMPONENT server)
install(FILES deploy/prometheus/hanga.rules.yml DESTINATION ${CMAKE_INSTALL_DATADIR}/hanga
        COMPONENT server)
install(DIRECTORY deploy/grafana DESTINATION ${CMAKE_INSTALL_DATADIR}/hanga COMPONENT server
        FILES_MATCHING PATTERN "*.json")
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT server)
install(DIRECTORY models/demo DESTINATION ${CMAKE_INSTALL_DATADIR}/hanga/models COMPONENT server)

if(TARGET hanga-worker)
  # The wheel's own layout, so that its libraries find each other. Linked with the installed paths
  # first; those of the build, which HangaTorch gives the linker, follow. Nothing is to be rewritten
  # then, which CMake could not do with paths that it does not know.
  set_target_properties(hanga-worker PROPERTIES BUILD_WITH_INSTALL_RPATH ON
    INSTALL_RPATH "$ORIGIN/../lib/hanga/torch/lib;$ORIGIN/../lib/hanga/nvidia/cu13/lib;$ORIGIN/../lib/hanga/nvidia/nccl/lib")
  install(TARGETS hanga-worker RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT worker)
  get_filename_component(site_packages ${torch} DIRECTORY)
  install(FILES ${torch}/lib/libtorch_cpu.so ${torch}/lib/libc10.so ${torch}/lib/libgomp.so.1
          DESTINATION lib/hanga/torch/lib COMPONENT worker)
  if(HANGA_HAVE_CUDA)
    install(DIRECTORY ${torch}/lib/ DESTINATION lib/hanga/torch/lib COMPONENT worker
            FILES_MATCHING PATTERN "*.so*" PATTERN "*python*" EXCLUDE)
    install(DIRECTORY ${site_packages}/nvidia/ DESTINATION lib/hanga/nvidia COMPONENT worker
            FILES_MATCHING PATTERN "*.so*")
  else()
    install(DIRECTORY ${site_packages}/nvidia/ DESTINATION lib/hanga/nvidia COMPONENT worker
            FILES_MATCHING PATTERN "libcudart.so*" PATTERN "libcupti.so*")
  endif()
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME hanga)
set(CPACK_PACKAGE_VENDOR "The Hanga Authors")
set(CPACK_PACKAGE_CONTACT "The Hanga Authors <hanga@example.org>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Server for diffusion models")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_COMPONENTS_ALL server)
if(TARGET hanga-worker)
  list(APPEND CPACK_COMPONENTS_ALL worker)
endif()
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE gzip)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_SERVER_PACKAGE_NAME hanga)
set(CPACK_DEBIAN_SERVER_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_SERVER_PACKAGE_RECOMMENDS hanga-worker)
set(CPACK_DEBIAN_SERVER_PACKAGE_CONTROL_EXTRA
    ${PROJECT_SOURCE_DIR}/deploy/systemd/postinst ${PROJECT_SOURCE_DIR}/deploy/systemd/prerm)
set(CPACK_COMPONENT_SERVER_DESCRIPTION "hangad, the hanga client, systemd units, the demo model.")
set(CPACK_DEBIAN_WORKER_PACKAGE_NAME hanga-worker)
set(CPACK_DEBIAN_WORKER_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_WORKER_PACKAGE_DEPENDS "hanga (= ${PROJECT_VERSION})")
if(TARGET hanga-worker)  # LibTorch's folders, which no package owns
  file(GLOB nvidia_libraries ${site_packages}/nvidia/*/lib)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${torch}/lib ${nvidia_libraries})
endif()
set(CPACK_COMPONENT_WORKER_DESCRIPTION "hanga-worker with the LibTorch that it is built for.")
include(CPack)
