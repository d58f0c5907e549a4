# The optional component `unicode`: the target mmrec::unicode (the library plus utf8proc) and mmrec_unicode_FOUND.
# Shared by the build tree and the installed package; the target holds paths of the machine that uses it, never of the one
# that packed it.

if(NOT TARGET mmrec::unicode)
  find_package(PkgConfig QUIET)
  if(PkgConfig_FOUND)
    pkg_check_modules(MMREC_UTF8PROC QUIET libutf8proc)
  endif()
  find_path(MMREC_UTF8PROC_INCLUDE_DIR utf8proc.h HINTS ${MMREC_UTF8PROC_INCLUDE_DIRS})
  find_library(MMREC_UTF8PROC_LIBRARY utf8proc HINTS ${MMREC_UTF8PROC_LIBRARY_DIRS})
  mark_as_advanced(MMREC_UTF8PROC_INCLUDE_DIR MMREC_UTF8PROC_LIBRARY)
  if(MMREC_UTF8PROC_INCLUDE_DIR AND MMREC_UTF8PROC_LIBRARY)
    add_library(mmrec::unicode INTERFACE IMPORTED GLOBAL)
    target_link_libraries(mmrec::unicode INTERFACE mmrec::mmrec ${MMREC_UTF8PROC_LIBRARY})
    target_include_directories(mmrec::unicode INTERFACE ${MMREC_UTF8PROC_INCLUDE_DIR})
  endif()
endif()
if(TARGET mmrec::unicode)
  set(mmrec_unicode_FOUND TRUE)
else()
  set(mmrec_unicode_FOUND FALSE)
endif()
