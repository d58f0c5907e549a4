# The optional component `faiss`: the target mmrec::faiss (the library plus faiss and what it needs) and mmrec_faiss_FOUND.
# Shared by the build tree and the installed package; the target holds paths of the machine that uses it, never of the one
# that packed it.

if(NOT TARGET mmrec::faiss)
  find_path(MMREC_FAISS_INCLUDE_DIR faiss/index_factory.h)
  find_library(MMREC_FAISS_LIBRARY faiss)
  mark_as_advanced(MMREC_FAISS_INCLUDE_DIR MMREC_FAISS_LIBRARY)
  if(MMREC_FAISS_INCLUDE_DIR AND MMREC_FAISS_LIBRARY)
    # Debian packs faiss as a static library, which names none of the libraries it calls.
    find_package(OpenMP QUIET COMPONENTS CXX)
    find_package(LAPACK QUIET)
    if(OpenMP_CXX_FOUND AND LAPACK_FOUND)
      add_library(mmrec::faiss INTERFACE IMPORTED GLOBAL)
      target_link_libraries(mmrec::faiss INTERFACE mmrec::mmrec ${MMREC_FAISS_LIBRARY} OpenMP::OpenMP_CXX LAPACK::LAPACK)
      target_include_directories(mmrec::faiss INTERFACE ${MMREC_FAISS_INCLUDE_DIR})
    endif()
  endif()
endif()
if(TARGET mmrec::faiss)
  set(mmrec_faiss_FOUND TRUE)
else()
  set(mmrec_faiss_FOUND FALSE)
endif()
