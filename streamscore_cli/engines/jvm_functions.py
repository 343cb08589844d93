"""Java lambdas made from Python: small functions of one row, put together from method handles; it runs none of them.

There is no Java compiler in a run time, and a function written in Python would bring each row back over the border.
"""

from __future__ import annotations

from streamscore_cli.engines.jvm import Java

_FUNCTION = "java.util.function.Function"
_TO_DOUBLE = "java.util.function.ToDoubleFunction"


class JavaFunctions:
    """Makes functions that `java.util.stream` takes; a row is an Object[], as PMML4S gives it."""

    def __init__(self, jpype: Java) -> None:
        self._jpype = jpype
        java = jpype.JClass
        self._handles = java("java.lang.invoke.MethodHandles")
        self._type = java("java.lang.invoke.MethodType").methodType
        self._proxies = java("java.lang.invoke.MethodHandleProxies")
        self._lookup = self._handles.publicLookup()
        self._object = java("java.lang.Object").class_
        self._row = jpype.JArray(jpype.JObject).class_
        self._double = java("java.lang.Double").TYPE
        self._boolean = java("java.lang.Boolean").TYPE
        self._throwable = java("java.lang.Throwable").class_
        self._model = java("org.pmml4s.model.Model").class_

    def predict_array(self, model: Java) -> Java:
        """Make row -> `model.predict(row)` for an array."""
        handle = self._lookup.findVirtual(self._model, "predict", self._type(self._row, self._object))
        return self._catching(handle.bindTo(model))

    def predict_map(self, model: Java, schema: Java) -> Java:
        """Make row -> `model.predict(Series.fromMap(row, schema)).asArray()`: here what is missing stays missing."""
        java = self._jpype.JClass
        series = java("org.pmml4s.data.Series").class_
        signature = self._type(series, java("java.util.Map").class_, schema.getClass())
        read = self._handles.insertArguments(self._lookup.findStatic(series, "fromMap", signature), 1, schema)
        predict = self._lookup.findVirtual(self._model, "predict", self._type(series, series)).bindTo(model)
        answer = self._handles.filterReturnValue(read, predict)
        to_array = self._lookup.findVirtual(series, "asArray", self._type(self._row))
        return self._catching(self._handles.filterReturnValue(answer, to_array))

    def is_throwable(self) -> Java:
        """Make object -> whether it is a Throwable."""
        signature = self._type(self._boolean, self._object)
        handle = self._lookup.findVirtual(self._throwable.getClass(), "isInstance", signature).bindTo(self._throwable)
        return self._as("java.util.function.Predicate", handle)

    def numbers_of(self) -> Java:
        """Make row -> the stream of its outputs as doubles, NaN for what is no number."""
        java = self._jpype.JClass
        number = java("java.lang.Number").class_
        is_instance = self._type(self._boolean, self._object)
        is_number = self._lookup.findVirtual(number.getClass(), "isInstance", is_instance).bindTo(number)
        nan = self._handles.constant(self._double, self._jpype.JDouble("nan"))
        nan = self._handles.dropArguments(nan, 0, self._object)
        cell = self._as(_TO_DOUBLE, self._handles.guardWithTest(is_number, self._double_value(), nan))
        stream, doubles = java("java.util.stream.Stream").class_, java("java.util.stream.DoubleStream").class_
        cells = self._lookup.findStatic(java("java.util.Arrays").class_, "stream", self._type(stream, self._row))
        to_double = java(_TO_DOUBLE).class_
        map_all = self._lookup.findVirtual(stream, "mapToDouble", self._type(doubles, to_double))
        map_all = self._handles.insertArguments(map_all, 1, cell)
        handle = self._handles.filterReturnValue(cells, map_all)
        return self._as(_FUNCTION, handle.asType(self._type(self._object, self._object)))

    def place_at(self, output: int, places: Java) -> Java:
        """Make row -> what the map `places` has for its output at an index, -1 for what it has not."""
        java = self._jpype.JClass
        get = self._lookup.findVirtual(
            java("java.util.Map").class_, "getOrDefault", self._type(self._object, self._object, self._object)
        )
        get = self._handles.insertArguments(get.bindTo(places), 1, self._jpype.JDouble(-1))
        getter = self._handles.arrayElementGetter(self._row)
        cell = self._handles.insertArguments(getter, 1, java("java.lang.Integer").valueOf(output))
        place = self._handles.filterReturnValue(get, self._double_value())
        handle = self._handles.filterReturnValue(cell, place).asType(self._type(self._double, self._object))
        return self._as(_TO_DOUBLE, handle)

    def _double_value(self) -> Java:
        number = self._jpype.JClass("java.lang.Number").class_
        handle = self._lookup.findVirtual(number, "doubleValue", self._type(self._double))
        return handle.asType(self._type(self._double, self._object))

    def _catching(self, handle: Java) -> Java:
        """Make a Function that returns what is thrown instead of throwing it; a full heap is thrown all the same.

        It is no row's fault, and every further row would have the JVM look for memory again.
        """
        plain = handle.asType(self._type(self._object, self._object))
        given = self._handles.identity(self._object).asType(self._type(self._object, self._throwable))
        thrown = self._handles.throwException(self._object, self._throwable)
        full = self._jpype.JClass("java.lang.OutOfMemoryError").class_
        is_instance = self._lookup.findVirtual(full.getClass(), "isInstance", self._type(self._boolean, self._object))
        is_full = is_instance.bindTo(full).asType(self._type(self._boolean, self._throwable))
        handler = self._handles.guardWithTest(is_full, thrown, given)
        return self._as(_FUNCTION, self._handles.catchException(plain, self._throwable, handler))

    def _as(self, interface: str, handle: Java) -> Java:
        return self._proxies.asInterfaceInstance(self._jpype.JClass(interface).class_, handle)
