/* Read before each compiled module (setup.py).

   mypyc 2.4 lets every object onto Python's trashcan while it is freed, also those of classes marked `acyclic`. The trashcan keeps
   its list in the header that only objects known to the garbage collector have, so that it would write before the others. */
#include <Python.h>
#include <CPy.h>

#undef CPy_TRASHCAN_BEGIN
#define CPy_TRASHCAN_BEGIN(op, dealloc) Py_TRASHCAN_BEGIN(op, (PyObject_IS_GC((PyObject *)(op)) ? (destructor)(dealloc) : NULL))
