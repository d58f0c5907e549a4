# Finds what every user of the library needs. Sets mmrec_missing to a message that names the packages to install, or to
# nothing when all is there. Shared by the build tree and the installed package.

set(mmrec_missing "")
find_package(Eigen3 3.4 QUIET NO_MODULE)
if(NOT Eigen3_FOUND)
  string(APPEND mmrec_missing "mmrec needs Eigen 3.4 or newer: apt install libeigen3-dev, or vcpkg install eigen3\n")
endif()
find_package(xtensor 0.24 QUIET)
if(NOT xtensor_FOUND)
  string(APPEND mmrec_missing "mmrec needs xtensor 0.24 or newer: apt install libxtensor-dev, or vcpkg install xtensor\n")
endif()
find_package(Threads QUIET)
if(NOT Threads_FOUND)
  string(APPEND mmrec_missing "mmrec needs the system's thread library\n")
endif()
