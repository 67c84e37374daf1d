"""Keeps a tagged PDF's tags pointing at the content that moved from the page into a form (ISO 32000-2, 14.7.5.2)."""

from __future__ import annotations

from pikepdf import Array, Dictionary, Name, NumberTree, Object, Pdf

from gateway.watermark.plan import unmarkable

_MOST = 300_000  # elements and kids of them that are looked at: pages that share elements would multiply them


class Tags:
    """The structure tree of one document, if it has one."""

    def __init__(self, pdf: Pdf) -> None:
        tree = pdf.Root.get("/StructTreeRoot")
        parents = tree.get("/ParentTree") if isinstance(tree, Dictionary) else None
        self._left = _MOST
        self._parents = NumberTree(parents) if isinstance(parents, Dictionary) else None

    def tagged(self, page: Object) -> bool:
        """Tell whether structure elements point into the content of a page."""
        return self._parents is not None and isinstance(page.get("/StructParents"), int)

    def move(self, page: Object, form: Object) -> None:
        """Let the elements that name content of the page by number name it in the form instead.

        Refuses `too-many-objects`.
        """
        assert self._parents is not None
        key = page.StructParents
        form.StructParents = key
        del page.StructParents
        try:
            elements = self._parents[int(key)]
        except (KeyError, IndexError):
            return
        # Careless writers name one element, as for annotations, where the elements of a page should stand.
        named = list(elements) if isinstance(elements, Array) else [elements]
        seen = set()
        self._count(len(named))
        for element in named:
            if isinstance(element, Dictionary) and element.objgen not in seen:
                seen.add(element.objgen)
                kids = element.get("/K")
                self._count(len(kids) if isinstance(kids, Array) else 1)
                _point(element, page, form)

    def _count(self, things: int) -> None:
        self._left -= things
        if self._left < 0:
            raise unmarkable("too-many-objects")


def _point(element: Object, page: Object, form: Object) -> None:
    """Rewrite the kids of one element: a number becomes a reference that names page and form."""
    kids = element.get("/K")
    on_page = _is(element.get("/Pg"), page)
    if isinstance(kids, Array):
        element.K = Array([_kid(kid, page, form, on_page=on_page) for kid in list(kids)])
    elif kids is not None:
        element.K = _kid(kids, page, form, on_page=on_page)


def _kid(kid: Object | int, page: Object, form: Object, *, on_page: bool) -> Object | int:
    if isinstance(kid, int):
        return Dictionary(Type=Name.MCR, Pg=page, Stm=form, MCID=kid) if on_page else kid
    if isinstance(kid, Dictionary) and "/MCID" in kid and "/Stm" not in kid:
        here = _is(kid.get("/Pg"), page) if "/Pg" in kid else on_page
        if here:
            kid.Stm, kid.Pg = form, page
    return kid


def _is(thing: Object | None, page: Object) -> bool:
    return isinstance(thing, Dictionary) and thing.objgen == page.objgen
