# The optional component `hnswlib`: the target mmrec::hnswlib (the library plus hnswlib, which is headers alone) and
# mmrec_hnswlib_FOUND. Shared by the build tree and the installed package; the target holds paths of the machine that uses
# it, never of the one that packed it.

if(NOT TARGET mmrec::hnswlib)
  find_path(MMREC_HNSWLIB_INCLUDE_DIR hnswlib/hnswlib.h)
  mark_as_advanced(MMREC_HNSWLIB_INCLUDE_DIR)
  if(MMREC_HNSWLIB_INCLUDE_DIR)
    add_library(mmrec::hnswlib INTERFACE IMPORTED GLOBAL)
    target_link_libraries(mmrec::hnswlib INTERFACE mmrec::mmrec)
    target_include_directories(mmrec::hnswlib INTERFACE ${MMREC_HNSWLIB_INCLUDE_DIR})
  endif()
endif()
if(TARGET mmrec::hnswlib)
  set(mmrec_hnswlib_FOUND TRUE)
else()
  set(mmrec_hnswlib_FOUND FALSE)
endif()
