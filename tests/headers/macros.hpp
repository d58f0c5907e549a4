// tests/headers/macros.hpp - names that system headers of some platform define as macros. The library's own lines have to
// survive them: <windows.h> has min, max, small, near, far, ..., <complex.h> has I, <termios.h> has B0, and so on.
#pragma once

#define min(a, b) (((a) < (b)) ? (a) : (b))
#define max(a, b) (((a) > (b)) ? (a) : (b))
#define small char
#define near
#define far
#define interface struct
#define I (1.0fi)
#define B0 0000000
#define B50 0000001
#define major(dev) (dev)
#define minor(dev) (dev)
#define unix 1
#define linux 1
#define ERROR 0
#define IN
#define OUT
#define OPTIONAL
#define DELETE (0x00010000L)
#define STRICT 1
#define TRUE 1
#define FALSE 0
#define VOID void
#define DOMAIN 1
#define OVERFLOW 3
#define PI 3.14159265358979323846
