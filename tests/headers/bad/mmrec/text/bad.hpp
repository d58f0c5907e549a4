// mmrec/text/bad.hpp - something to include wrongly.
#pragma once
