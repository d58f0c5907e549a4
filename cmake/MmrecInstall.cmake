# Install rules. Everything but the compiled kernels of mmrec::gpu is independent of the architecture, so all else goes under
# share/ and include/.
include(CMakePackageConfigHelpers)

set(mmrec_config_dir ${CMAKE_INSTALL_DATADIR}/cmake/mmrec)

install(TARGETS mmrec EXPORT mmrecTargets FILE_SET HEADERS)
install(EXPORT mmrecTargets NAMESPACE mmrec:: DESTINATION ${mmrec_config_dir})

set(mmrec_gpu_config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/mmrec_gpu)
if(TARGET mmrec_gpu)
  install(TARGETS mmrec_gpu EXPORT mmrecGpuTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT mmrecGpuTargets NAMESPACE mmrec:: DESTINATION ${mmrec_gpu_config_dir})
endif()

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/mmrecConfig.cmake.in ${PROJECT_BINARY_DIR}/mmrecConfig.cmake
                              INSTALL_DESTINATION ${mmrec_config_dir} PATH_VARS mmrec_gpu_config_dir NO_SET_AND_CHECK_MACRO)
# While the major version is 0, a minor version may break what came before it.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/mmrecConfigVersion.cmake COMPATIBILITY SameMinorVersion
                                 ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/mmrecConfig.cmake ${PROJECT_BINARY_DIR}/mmrecConfigVersion.cmake
              ${CMAKE_CURRENT_LIST_DIR}/MmrecCuda.cmake ${CMAKE_CURRENT_LIST_DIR}/MmrecDependencies.cmake
              ${CMAKE_CURRENT_LIST_DIR}/MmrecFaiss.cmake
              ${CMAKE_CURRENT_LIST_DIR}/MmrecHnswlib.cmake ${CMAKE_CURRENT_LIST_DIR}/MmrecSqlite.cmake
              ${CMAKE_CURRENT_LIST_DIR}/MmrecUnicode.cmake
        DESTINATION ${mmrec_config_dir})

configure_file(${CMAKE_CURRENT_LIST_DIR}/mmrec.pc.in ${PROJECT_BINARY_DIR}/mmrec.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/mmrec.pc DESTINATION ${CMAKE_INSTALL_DATADIR}/pkgconfig)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/CHANGELOG.md
        DESTINATION ${CMAKE_INSTALL_DOCDIR})

if(PROJECT_IS_TOP_LEVEL)
  set(CPACK_GENERATOR DEB)
  set(CPACK_PACKAGE_CONTACT "The mmrec authors")
  set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
  set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
  set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
  set(CPACK_DEBIAN_PACKAGE_NAME libmmrec-dev)
  if(NOT TARGET mmrec_gpu)
    set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE all)
  endif()
  set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
  set(CPACK_DEBIAN_PACKAGE_DEPENDS "libeigen3-dev (>= 3.4), libxtensor-dev (>= 0.24)")
  set(CPACK_DEBIAN_PACKAGE_SUGGESTS "libfaiss-dev, libhnswlib-dev, libsqlite3-dev, libutf8proc-dev")
  include(CPack)
endif()
