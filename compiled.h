/* Read before each compiled module (setup.py): what mypyc does for the classes that the garbage collector does not know. */
#include <Python.h>
#include <CPy.h>

/* mypyc 2.4 lets every object onto Python's trashcan while it is freed, also those of classes marked `acyclic`. The trashcan keeps
   its list in the header that only objects known to the garbage collector have, so that it would write before the others. */
#undef CPy_TRASHCAN_BEGIN
#define CPy_TRASHCAN_BEGIN(op, dealloc) Py_TRASHCAN_BEGIN(op, (PyObject_IS_GC((PyObject *)(op)) ? (destructor)(dealloc) : NULL))

#ifndef Py_GIL_DISABLED /* the lists below belong to whoever holds the lock */

/* Small ones are cut from slabs, a list of free places for each size, instead of asking Python's allocator, which goes through three
   functions and rounds 40 bytes to 48. An evaluation makes millions of them. Slabs are never given back. */
#define SLAB 65536
#define SLAB_MOST 64

static void *slab_free[SLAB_MOST / 8 + 1];
static char *slab_next[SLAB_MOST / 8 + 1];
static char *slab_end[SLAB_MOST / 8 + 1];

static PyObject *slab_alloc(PyTypeObject *type, Py_ssize_t Py_UNUSED(items)) {
    size_t size = (size_t)type->tp_basicsize, kind = size / 8;
    void *place = slab_free[kind];
    if (place != NULL) {
        slab_free[kind] = *(void **)place;
    } else {
        if (slab_end[kind] - slab_next[kind] < (Py_ssize_t)size) {
            char *slab = PyMem_RawMalloc(SLAB);
            if (slab == NULL)
                return PyErr_NoMemory();
            slab_next[kind] = slab;
            slab_end[kind] = slab + SLAB;
        }
        place = slab_next[kind];
        slab_next[kind] += size;
    }
    memset(place, 0, size);
    return PyObject_Init(place, type);
}

static void slab_release(void *place) {
    size_t kind = (size_t)Py_TYPE(place)->tp_basicsize / 8;
    *(void **)place = slab_free[kind];
    slab_free[kind] = place;
}

static inline int slab_ready(PyTypeObject *type) {
    int derived = type->tp_base != NULL && type->tp_base != &PyBaseObject_Type;
    if (type->tp_alloc == NULL && type->tp_free == NULL && (!derived || type->tp_base->tp_alloc == slab_alloc)) {
        if (!PyType_HasFeature(type, Py_TPFLAGS_HAVE_GC) && type->tp_itemsize == 0 && type->tp_basicsize <= SLAB_MOST) {
            type->tp_alloc = slab_alloc;
            type->tp_free = slab_release;
        } else if (derived) {
            type->tp_alloc = PyType_GenericAlloc;
            type->tp_free = PyType_HasFeature(type, Py_TPFLAGS_HAVE_GC) ? PyObject_GC_Del : PyObject_Free;
        }
    }
    return PyType_Ready(type);
}
#define PyType_Ready slab_ready

#endif
