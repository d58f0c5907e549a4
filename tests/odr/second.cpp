#include <mmrec/mmrec.hpp>

std::uint64_t second_unit() { return mmrec::seed{1}.derive(2).value; }
