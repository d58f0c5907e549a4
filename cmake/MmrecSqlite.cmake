# The optional component `sqlite`: the target mmrec::sqlite (the library plus SQLite 3) and mmrec_sqlite_FOUND.
# Shared by the build tree and the installed package; the target holds paths of the machine that uses it, never of the one
# that packed it.

if(NOT TARGET mmrec::sqlite)
  find_package(PkgConfig QUIET)
  if(PkgConfig_FOUND)
    pkg_check_modules(MMREC_SQLITE3 QUIET sqlite3)
  endif()
  find_path(MMREC_SQLITE3_INCLUDE_DIR sqlite3.h HINTS ${MMREC_SQLITE3_INCLUDE_DIRS})
  find_library(MMREC_SQLITE3_LIBRARY sqlite3 HINTS ${MMREC_SQLITE3_LIBRARY_DIRS})
  mark_as_advanced(MMREC_SQLITE3_INCLUDE_DIR MMREC_SQLITE3_LIBRARY)
  if(MMREC_SQLITE3_INCLUDE_DIR AND MMREC_SQLITE3_LIBRARY)
    add_library(mmrec::sqlite INTERFACE IMPORTED GLOBAL)
    target_link_libraries(mmrec::sqlite INTERFACE mmrec::mmrec ${MMREC_SQLITE3_LIBRARY})
    target_include_directories(mmrec::sqlite INTERFACE ${MMREC_SQLITE3_INCLUDE_DIR})
  endif()
endif()
if(TARGET mmrec::sqlite)
  set(mmrec_sqlite_FOUND TRUE)
else()
  set(mmrec_sqlite_FOUND FALSE)
endif()
