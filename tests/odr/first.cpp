// Together with second.cpp: a function or variable that a header forgets to declare inline is a linker error here.
#include <mmrec/mmrec.hpp>

std::uint64_t second_unit();

int main() { return second_unit() == mmrec::seed{1}.derive(2).value ? 0 : 1; }
