namespace shop;

entity Customers {
  key ID : String(10);
  name   : String(80);
  email  : String(120);
  phone  : String(40);
  born   : Date;
  credit : Decimal(17, 2);
  orders : Composition of many Orders on orders.customer = $self;
}

entity Orders {
  key ID   : Integer;
  customer : Association to Customers;
  placed   : DateTime;
  total    : Decimal(17, 2);
  note     : String(200);
}
